from ringwork.crypto.public_sealing import Recipient, RecipientKey
from ringwork.errors import SealBroken

hospital = RecipientKey.generate()  # keep to_bytes() where secrets are kept
published = hospital.public.raw  # 32 bytes, from somebody who vouches for them

sealed = Recipient(published).seal(b"the diagnosis", purpose="referral 1", context=b"patient 7")
opened = hospital.open(sealed, purpose="referral 1", context=b"patient 7")

try:
    hospital.open(sealed, purpose="referral 1", context=b"patient 8")
    raise SystemExit("a referral was read into another patient's record")
except SealBroken:
    pass
