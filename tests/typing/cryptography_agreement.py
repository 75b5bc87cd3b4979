from ringwork.crypto.agreement import AgreementKey

alice, bob = AgreementKey.generate(), AgreementKey.generate()

# Each sends its `public`, signed with a key that the other knows, and both keep what was said and heard.
ours = alice.agree(bob.public, purpose="chat 1", began=True, said=b"hello", heard=b"hi")
theirs = bob.agree(alice.public, purpose="chat 1", began=False, said=b"hi", heard=b"hello")

if ours.sending != theirs.receiving or ours.receiving != theirs.sending:
    raise SystemExit("the two sides have other keys")
