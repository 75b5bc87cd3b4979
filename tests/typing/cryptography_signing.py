from ringwork.crypto.signatures import SigningKey, VerifyKey, require_signed
from ringwork.errors import TagWrong

key = SigningKey.generate()
signature = key.sign(b"pay 100 to bob", purpose="payment order 1")

published = key.verify_key.to_pem()  # to whoever shall verify
known = [VerifyKey.from_pem(published)]  # older keys stand beside it
signer = require_signed(signature, b"pay 100 to bob", purpose="payment order 1", keys=known)

try:
    signer.require_signature(signature, b"pay 100 to bob", purpose="login 1")
    raise SystemExit("a signature of one purpose was taken for another")
except TagWrong:
    pass
