from datetime import timedelta

from ringwork.crypto.chance import random_bytes
from ringwork.crypto.signed_values import SignedValues
from ringwork.errors import OutOfTime, TagWrong
from ringwork.secret import Secret

new_key, old_key = Secret(random_bytes(32)), Secret(random_bytes(32))  # from where your secrets are kept
invitations = SignedValues(new_key, old_key, purpose="invitation 1")  # the first signs, the others only open

text = invitations.issue({"team": 7, "role": "nurse"}, lifetime=timedelta(days=2))
try:
    invited = invitations.open(text)
except (TagWrong, OutOfTime):  # altered, for another purpose, or of another key; too early or too late
    invited = None
