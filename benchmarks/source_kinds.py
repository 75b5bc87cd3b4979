"""Which weaknesses, by their CWE numbers, the findings of each tool speak of: labels name CWE numbers, tools their own rules."""

from __future__ import annotations

# The kinds of survey.flows.Flow. The first number is the one that labels use most; the others are accepted by some of them.
KINDS: dict[str, tuple[int, ...]] = {
    "sql": (89, 564, 704),  # a rule for texts of statements carries the number of wrong conversions
    "orm": (89, 943),
    "nosql": (943,),
    "soql": (943, 89),
    "ldap": (90,),
    "xpath": (643,),
    "command": (78, 77),
    "argv": (88, 78),
    "code": (94, 95, 96),
    "import": (470, 94),
    "attribute": (470,),
    "template": (1336, 94, 95),
    "format": (134,),
    "deserialise": (502,),
    "loader": (502,),
    "xml": (611, 776, 827),
    "xml-parser": (611, 776, 827),
    "path": (22, 23, 36, 73),
    "archive": (22,),
    "extract-all": (22,),
    "upload": (434,),
    "redirect": (601,),
    "ssrf": (918,),
    "html": (79, 80),
    "autoescape": (79, 80, 116),
    "inline-script": (79,),
    "header": (113, 93),
    "mail": (93,),
    "nan": (704, 20),
    "xml-text": (91, 79),
    "token-content": (522, 200),
    "cookie": (113,),
    "cookie-flags": (614, 1004, 1275),
    "log": (117,),
    "regex": (1333, 400, 730),
    "redos": (1333, 400, 730),
    "regex-backtracking": (1333, 400, 730),
    "session": (501,),
    "bind": (915,),
    "csv": (1236,),
    "forward": (200, 522),
    "prompt": (1427, 77),
    "url-host": (644, 20),
    "error-detail": (209, 200),
    "secret-log": (532, 200, 312),
    "random": (330, 338),
    "weak-random": (330, 338),
    "weak-hash": (328, 327, 916),
    "password-hash": (916, 328, 327),
    "weak-cipher": (327,),
    "weak-mode": (327,),
    "weak-padding": (780, 327),
    "fixed-nonce": (329, 323, 327),
    "weak-key": (326,),
    "home-made-crypto": (327,),
    "variable-time": (208,),
    "tls-version": (327, 326, 319),
    "tls-ciphers": (327, 326),
    "tls-unverified": (295,),
    "cleartext": (319,),
    "host-keys": (295, 322),
    "cors": (942, 346),
    "csrf-exempt": (352,),
    "debug": (489, 215),
    "debugger": (489, 215),
    "hidden-code": (1007, 506, 451),
    "back-door": (553, 506, 912, 78),
    "secret": (798, 259, 321, 522, 489),  # a rule for a key in Flask's configuration carries the number of debugging that was left on
    "default-secret": (798, 259, 321, 1188, 489),
    "temp-file": (377,),
    "bind-all": (605, 668, 200),
    "no-timeout": (400, 1088),
    "jwt-unverified": (347, 345, 287),
    "jwt-algorithms": (347, 327),
    "jwt-no-expiry": (613,),
    "public-acl": (732,),
    "permissions": (732, 276),
    "missing-authorization": (862, 306, 284),
    "auth-optional": (306, 862),
    "swallowed": (703, 391),
    "assert-guard": (617, 703),
}

# The CWE numbers that count as the same weakness, for every tool alike. The first fourteen are the categories of the benchmark.
FAMILIES: dict[str, frozenset[int]] = {
    "cmdi": frozenset({77, 78, 88}),
    "codeinj": frozenset({94, 95, 96, 470}),
    "deserialization": frozenset({502}),
    "hash": frozenset({326, 327, 328, 916}),
    "ldapi": frozenset({90}),
    "pathtraver": frozenset({22, 23, 36, 73}),
    "redirect": frozenset({601}),
    "securecookie": frozenset({614, 1004, 1275, 311}),
    "sqli": frozenset({89, 564}),
    "trustbound": frozenset({501}),
    "weakrand": frozenset({330, 338}),
    "xpathi": frozenset({643}),
    "xss": frozenset({79, 80}),
    "xxe": frozenset({611, 776, 827}),
    "secrets": frozenset({798, 259, 321, 522}),
    "ssrf": frozenset({918}),
    "csrf": frozenset({352}),
    "transport": frozenset({319, 295, 297}),
    "debug": frozenset({489, 215, 1295}),
    "binding": frozenset({915}),
    "templates": frozenset({1336, 94, 95}),
    "exposure": frozenset({200, 532, 209}),
}

# Numbers that stand above others: a label that names no more than "injection" is met by whichever injection it is.
ABOVE: dict[int, frozenset[int]] = {74: frozenset({77, 78, 79, 80, 88, 89, 90, 91, 93, 94, 95, 96, 113, 643, 917, 943, 1236, 1336})}

# The injection classes of the labelled applications.
INJECTIONS = frozenset({22, 78, 79, 89, 94, 113, 502, 601, 611, 643, 918, 1336})

# What bandit's rules speak of besides the number that each names, as the same faults do here.
BANDIT: dict[str, tuple[int, ...]] = dict.fromkeys(("B105", "B106", "B107"), (489,))

# ruff's rules have no CWE number; this is what each speaks of.
RUFF: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("S102", "S307"), (94,)),
    **dict.fromkeys(("S105", "S106", "S107"), (798, 259, 489)),
    "S108": (22,),
    "S113": (400,),
    "S201": (489, 215, 94),
    **dict.fromkeys(("S301", "S302", "S506"), (502,)),
    **dict.fromkeys(("S303", "S324"), (328, 916, 327)),
    **dict.fromkeys(("S304", "S305"), (327,)),
    **dict.fromkeys(("S308", "S701", "S702", "S704"), (79,)),
    "S310": (918,),
    "S311": (330,),
    **dict.fromkeys(("S313", "S314", "S315", "S316", "S317", "S318", "S319", "S320"), (611,)),
    "S501": (295,),
    **dict.fromkeys(("S508", "S509"), (319,)),
    **dict.fromkeys(("S602", "S603", "S604", "S605", "S606", "S607", "S609"), (78,)),
    **dict.fromkeys(("S608", "S610", "S611"), (89,)),
}

# Pysa's rules, by their codes.
PYSA: dict[int, tuple[int, ...]] = {
    **dict.fromkeys((5001, 5041, 5051), (78, 94)),
    **dict.fromkeys((6064, 6065), (78,)),
    5005: (89,),
    5007: (611,),
    5008: (79,),
    **dict.fromkeys((5011, 6060), (22,)),
    5018: (601,),
    **dict.fromkeys((6066, 502, 5067), (502,)),
    5012: (918,),
}


def family(number: int) -> frozenset[int]:
    """All numbers that count as the same weakness."""
    return frozenset({number}).union(ABOVE.get(number, ()), *(held for held in FAMILIES.values() if number in held))
