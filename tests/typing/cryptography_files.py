import tempfile
from pathlib import Path

from ringwork.crypto.chance import random_bytes
from ringwork.crypto.streams import open_file, seal_file, seal_stream
from ringwork.secret import Secret

key = Secret(random_bytes(32))  # from where your secrets are kept
folder = Path(tempfile.mkdtemp())
(folder / "scan.png").write_bytes(b"pixels" * 100_000)

seal_file(folder / "scan.png", folder / "scan.sealed", key, context="document 7")
open_file(folder / "scan.sealed", folder / "scan.back", key, context="document 7")  # appears once all of it was verified

with (folder / "scan.png").open("rb") as upload:  # or piece by piece, in constant memory
    sealed_bytes = sum(len(piece) for piece in seal_stream(upload, key, context="document 7"))
