"""Files as nobody should ship them, written where a look reads instead of the project: they show that the look can fail.

Against a look that finds nothing because it looks at nothing. Nothing of it is imported, and its key is no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

KEY = "\n".join(["-----BEGIN " + "PRIVATE KEY-----", "cGxhbnRlZCBieSByaW5nd29yaywgbm8ga2V5", "-----END " + "PRIVATE KEY-----", ""])

CLIENT = """import ssl, requests
def balance(account):
    return requests.get(f"https://bank.example/{account}", verify=False, timeout=5).json()
def context():
    made = ssl.create_default_context()
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made
"""
DATABASE = "postgresql" + "://db.shop.example/shop?sslmode=prefer"

FILES: Mapping[str, str] = {
    "static/server.key": KEY,
    "Procfile": "web: gunicorn shop:app --bind 0.0.0.0:8000 --forwarded-allow-ips '*' --timeout 0\nadmin: flask --app admin run --debug\n"
    "edge: uvicorn shop:app --host 127.0.0.1 --ssl-certfile a.pem --ssl-version 3 --ssl-ciphers 'ALL:@SECLEVEL=0'\n",
    "partners.py": CLIENT,
    ".env": f"DATABASE_URL={DATABASE}\n",
}
"""Path below the root, and text."""

SOURCES = ("partners.py",)
"""Those that are the application."""


def write(root: Path) -> None:
    """Write them all below an empty folder."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
