"""Secrets that are known by their form: what the services themselves say their keys look like.

Against a key that was committed for a moment and is used for years: a form of its own is found in any file, whatever stands around it.
Source: the documentation of each service on its tokens, and the secret scanning documentation of GitHub and GitLab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LEFT, _RIGHT = r"(?<![A-Za-z0-9_\-/+.])", r"(?![A-Za-z0-9_\-/+])"


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of secret. begins: literal text of which one stands in every one of its kind. is_public: shown to browsers by design."""

    kind: str
    begins: tuple[str, ...]
    pattern: re.Pattern[str]
    is_public: bool = False
    is_test: bool = False


def _format(kind: str, begins: str, pattern: str, *, is_public: bool = False, is_test: bool = False) -> Format:
    return Format(kind, tuple(begins.split()), re.compile(f"{_LEFT}(?:{pattern}){_RIGHT}"), is_public, is_test)


_KEY_BODY = r"(?:\\n|\s|\\r|[\"',+])*(?:[A-Za-z-]+: [^\n\\]+(?:\\n|\s)+)*[A-Za-z0-9+/=]{40,}"

FORMATS: tuple[Format, ...] = (
    _format("AWS access key", "AKIA ASIA", r"(?:AKIA|ASIA)[A-Z2-7]{16}"),
    _format("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    _format("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _format("GitLab token", "glpat- gldt- glrt- glptt-", r"gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_\-]{20,60}"),
    _format("Slack token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxe", r"xox[abprse](?:\.xox[bp])?-[A-Za-z0-9\-]{20,250}"),
    _format("Slack app token", "xapp-", r"xapp-\d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{32,}"),
    _format("Slack webhook", "hooks.slack.com", r"(?:https?://)?hooks\.slack\.com/(?:services|workflows)/T[A-Z0-9]{7,}/[AB][A-Z0-9]{7,}/[A-Za-z0-9]{20,}"),
    _format("Stripe key", "sk_live_ rk_live_", r"[sr]k_live_[A-Za-z0-9]{20,200}"),
    _format("Stripe test key", "sk_test_ rk_test_", r"[sr]k_test_[A-Za-z0-9]{20,200}", is_test=True),
    _format("Stripe webhook secret", "whsec_", r"whsec_[A-Za-z0-9]{30,}"),
    _format("Google API key", "AIza", r"AIza[A-Za-z0-9_\-]{35}", is_public=True),
    _format("Google client secret", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_\-]{28}"),
    _format("OpenAI key", "sk-", r"sk-(?:(?:proj|svcacct|admin)-)?[A-Za-z0-9_\-]{20,}T3BlbkFJ[A-Za-z0-9_\-]{20,}"),
    _format("Anthropic key", "sk-ant-", r"sk-ant-(?:api|admin)\d\d-[A-Za-z0-9_\-]{80,}"),
    _format("Hugging Face token", "hf_", r"hf_[A-Za-z]{34}"),
    _format("SendGrid key", "SG.", r"SG\.[A-Za-z0-9_\-]{22}\.[A-Za-z0-9_\-]{43}"),
    _format("Mailgun key", "key-", r"key-[0-9a-f]{32}"),
    _format("Mailchimp key", "-us", r"[0-9a-f]{32}-us\d{1,2}"),
    _format("Twilio key", "SK", r"SK[0-9a-f]{32}"),
    _format("npm token", "npm_", r"npm_[A-Za-z0-9]{36}"),
    _format("PyPI token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_\-]{50,}"),
    _format("Docker token", "dckr_pat_", r"dckr_pat_[A-Za-z0-9_\-]{27}"),
    _format("DigitalOcean token", "dop_v1_ doo_v1_", r"do[op]_v1_[a-f0-9]{64}"),
    _format("Shopify token", "shpat_ shpca_ shppa_ shpss_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    _format("Telegram bot token", ":AA", r"\d{8,10}:AA[A-Za-z0-9_\-]{33}"),
    _format("Square token", "sq0atp- sq0csp- EAAA", r"sq0(?:atp|csp)-[A-Za-z0-9_\-]{22,43}"),
    _format("Atlassian token", "ATATT3", r"ATATT3[A-Za-z0-9_\-=]{180,}"),
    _format("Vault token", "hvs. hvb.", r"hv[sb]\.[A-Za-z0-9_\-]{60,}"),
    _format("Databricks token", "dapi", r"dapi[a-f0-9]{32}(?:-\d)?"),
    _format("Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    _format("Linear key", "lin_api_", r"lin_api_[A-Za-z0-9]{40}"),
    _format("age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    Format(
        "private key",
        ("PRIVATE KEY",),
        re.compile(r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?-----" + _KEY_BODY),
    ),
)  # fmt: skip

_LONG = re.compile(r"[A-Za-z0-9_.\-]{20,}")
_APART = ("AccountKey=", "PRIVATE KEY", ":AA", "hooks.slack.com")
"""Beginnings of which a sign or a space is part, or after which one follows."""
_BEGINS = tuple(sorted({begin for known in FORMATS for begin in known.begins} - set(_APART)))


@dataclass(frozen=True, slots=True)
class Found:
    """A secret by its form. start: offset in the text. length: of the secret, in characters."""

    format: Format
    start: int
    length: int
    value: str


def found(text: str) -> Iterator[Found]:
    """The secrets of known form in a text, by kind; none that says of itself that it is an example."""
    long = " ".join(_LONG.findall(text))  # little of a text is long words, and fifty searches in them are soon done
    begun = {begin for begin in _BEGINS if begin in long} | {begin for begin in _APART if begin in text}
    if not begun:
        return
    for known in FORMATS:
        if begun.isdisjoint(known.begins):
            continue
        for match in known.pattern.finditer(text):
            if not is_example(match.group()):
                yield Found(known, match.start(), len(match.group()), match.group())


_EXAMPLES = re.compile(r"example|xxxx|0000000|1234567|abcdefg|placeholder|dummy|redacted|your|changeme|\.\.\.|\*\*\*|fake", re.IGNORECASE)


def is_example(value: str) -> bool:
    """Whether a value of the right form is one that documentation shows, or one letter over and over."""
    body = value.partition("PRIVATE KEY-----")[2] if value.startswith("-----") else value
    return bool(_EXAMPLES.search(body)) or len(set(body[4:].lower())) < 7
