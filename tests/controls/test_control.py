"""The catalogue: what its rows say, and that each kind of slip is a fault with file and row."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.controls import control
from ringwork.errors import CatalogueInvalid
from ringwork.prove import check, evidence

HEAD = """
schema = 1
[catalogue]
name = "sample"
status = "published"
date = 2026-01-01
kinds = ["live", "static"]
verdicts = ["proven", "violated"]
layers = ["browser", "supply-chain"]
severities = ["high", "low"]
profiles = ["baseline", "standard"]
owners = ["developer"]
[catalogue.kind_meaning]
live = "sent"
static = "read"
[catalogue.standards]
owasp_2021 = "a"
owasp_2025 = "b"
api_2023 = "c"
proactive_2024 = "d"
llm_2025 = "e"
cwe = "f"
asvs = "g"
wstg = "h"
[catalogue.not_mapped]
asvs_other = ["1.2.8"]
wstg = ["WSTG-INFO-01"]
[catalogue.requirements]
"""

ROW = """
[[control]]
id = "{id}"
title = "A title"
aliases = ["{alias}"]
profile = "baseline"
owner = "developer"
severity = "high"
threat = "An attack."
enforce = "A defence."
verify = [
  {{ kind = "live", check = "matrix", how = "Send it. Proven: refused; violated: served; not verified: no route." }},
]
owasp_2021 = ["A01"]
owasp_2025 = ["X03"]
api_2023 = ["API10"]
proactive_2024 = ["C10"]
cwe = [352]
asvs = ["3.5.1"]
wstg = ["WSTG-SESS-05"]
backed_by = ["{backing}"]
entails = []
"""

CSRF = ROW.format(id="browser.csrf", alias="forgery", backing="supply-chain.pins")
PINS = ROW.format(id="supply-chain.pins", alias="hashes", backing="browser.csrf")
SAMPLE = {"catalogue.toml": HEAD, "browser.toml": CSRF, "supply_chain.toml": PINS}


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """The sample with one text replaced in one file."""
    assert old in SAMPLE[file], old
    return SAMPLE | {file: SAMPLE[file].replace(old, new, 1)}


def faults_of(texts: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(CatalogueInvalid) as caught:
        control.read(texts)
    return caught.value.faults


def test_reads_a_catalogue_without_faults() -> None:
    """The honest opposite of every fault below: the sample that they start from is accepted."""
    catalogue = control.read(SAMPLE)
    assert [row.id for row in catalogue.controls] == ["browser.csrf", "supply-chain.pins"]
    row = catalogue.controls[0]
    assert (row.layer, row.stem, row.guarded) == ("browser", "csrf", True)
    assert row.standards["cwe"] == ("CWE-352",)
    assert row.standards["llm_2025"] == ()


def test_takes_a_check_apart() -> None:
    """What is done, and the three ends of a check, are told apart."""
    (found,) = control.read(SAMPLE).controls[0].checks
    assert (found.id, found.name, found.kind) == ("browser.csrf/matrix", "matrix", "live")
    assert (found.attack, found.proven, found.violated, found.not_verified) == ("Send it.", "refused", "served", "no route")
    assert found.severity == "high"


def test_a_check_may_be_less_grave_than_its_control() -> None:
    """What is only a setting gives an attacker less than what it is against; a check that says nothing is as grave as its control."""
    (found,) = control.read(changed("browser.toml", 'check = "matrix"', 'check = "matrix", severity = "low"')).controls[0].checks
    assert found.severity == "low"


def test_reads_what_falls_with_a_control() -> None:
    """An entailment carries the control and the reason."""
    other = ROW.format(id="browser.tokens", alias="marks", backing="supply-chain.pins")
    entails = 'entails = [{ control = "browser.csrf", reason = "the same cookie" }]'
    texts = SAMPLE | {"browser.toml": CSRF + other.replace("entails = []", entails)}
    (found,) = control.read(texts).controls[1].entails
    assert (found.control, found.reason) == ("browser.csrf", "the same cookie")


def test_reads_that_a_control_has_no_guard() -> None:
    """A control that nothing in a running application can enforce says so."""
    assert not control.read(changed("browser.toml", 'severity = "high"', 'severity = "high"\nguarded = false')).controls[0].guarded


def test_reads_which_component_enforces_a_control() -> None:
    """What the application calls itself is looked for where it stands."""
    read = control.read(changed("browser.toml", 'severity = "high"', 'severity = "high"\ncomponent = "crypto/chance"')).controls[0]
    assert "src/ringwork/crypto/chance.py" in {place.path for place in read.places}


CSRF_FAULTS = {
    "no component": (
        'owner = "developer"',
        'owner = "developer"\ncomponent = "chance"',
        'component must be a module below the package, "crypto/chance", of a control that is guarded',
    ),
    "unknown key": ('title = "A title"', 'title = "A title"\nseedz = [1]', "the key 'seedz' is unknown"),
    "mistyped key": ('threat = "An attack."', 'thraet = "An attack."', "the key 'thraet' is unknown; did you mean 'threat'?"),
    "missing key": ('threat = "An attack."\n', "", "the key 'threat' is missing"),
    "empty text": ('title = "A title"', 'title = " "', "title must be a text that is not empty"),
    "no text": ('title = "A title"', "title = 7", "title must be a text that is not empty"),
    "no list": ('wstg = ["WSTG-SESS-05"]', 'wstg = "WSTG-SESS-05"', "wstg must be a list of texts"),
    "word twice": ('aliases = ["forgery"]', 'aliases = ["forgery", "forgery"]', "aliases names 'forgery' twice"),
    "no flag": ('owner = "developer"', 'owner = "developer"\nguarded = "no"', "guarded must be true or false"),
    "unknown profile": ('profile = "baseline"', 'profile = "extreme"', "profile is 'extreme'; write one of baseline, standard"),
    "unknown owner": ('owner = "developer"', 'owner = "nobody"', "owner is 'nobody'; write one of developer"),
    "unknown severity": ('severity = "high"', 'severity = "awful"', "severity is 'awful'; write one of high, low"),
    "unknown backing": (
        '"supply-chain.pins"',
        '"supply-chain.pin"',
        "backed_by names 'supply-chain.pin', which no row has; did you mean 'supply-chain.pins'?",
    ),
    "backed by itself": ('["supply-chain.pins"]', '["browser.csrf", "supply-chain.pins"]', "backed_by names the row itself"),
    "backed by its own layer": ('["supply-chain.pins"]', "[]", "backed_by must name at least one control of another layer"),
    "unknown entailment": (
        "entails = []",
        'entails = [{ control = "data.zz", reason = "r" }]',
        "entails names 'data.zz', which no row has",
    ),
    "entails itself": ("entails = []", 'entails = [{ control = "browser.csrf", reason = "r" }]', "entails names the row itself"),
    "holds and falls": (
        "entails = []",
        'entails = [{ control = "supply-chain.pins", reason = "r" }]',
        "'supply-chain.pins' cannot both hold (backed_by) and fall (entails) when the row is out",
    ),
    "words missing": ('wstg = ["WSTG-SESS-05"]\n', "", "the key 'wstg' is missing"),
    "numbers missing": ("cwe = [352]\n", "", "the key 'cwe' is missing"),
    "checks missing": (CSRF[CSRF.index("verify") : CSRF.index("owasp_2021")], "", "the key 'verify' is missing"),
    "frameworks no table": ("entails = []", 'entails = []\nframeworks = "all"', "frameworks: must be a table"),
    "entails no list": ("entails = []", 'entails = "none"', "entails must be a list of tables"),
}


@pytest.mark.parametrize("slip", CSRF_FAULTS)
def test_names_the_fault_of_a_row(slip: str) -> None:
    """A slip in a row is one fault, with file and row in front."""
    old, new, message = CSRF_FAULTS[slip]
    assert f"browser.toml: browser.csrf: {message}" in faults_of(changed("browser.toml", old, new))


DEEPER_FAULTS = {
    "unknown kind": ('kind = "live"', 'kind = "guess"', "verify 1: kind is 'guess'; write one of live, static"),
    "check as grave": (
        'check = "matrix"',
        'check = "matrix", severity = "high"',
        "verify 1: severity is 'high', which is not below the control's 'high'; leave it out, or grade the control",
    ),
    "check of unknown severity": (
        'check = "matrix"',
        'check = "matrix", severity = "bad"',
        "verify 1: severity is 'bad'; write one of high, low",
    ),
    "unknown check key": ('check = "matrix"', 'check = "matrix", until = 3', "verify 1: the key 'until' is unknown"),
    "check with a layer": (
        'check = "matrix"',
        'check = "browser.csrf/matrix"',
        "verify 1: the check must be named in lower-case words joined by hyphens",
    ),
    "how without an end": (
        "; not verified: no route.",
        ".",
        "verify 1: how must read '<what is done>. Proven: <...>; violated: <...>; not verified: <...>.'",
    ),
    "entailment without reason": (
        "entails = []",
        'entails = [{ control = "supply-chain.pins" }]',
        "entails 1: the key 'reason' is missing",
    ),
}


@pytest.mark.parametrize("slip", DEEPER_FAULTS)
def test_names_the_fault_within_a_row(slip: str) -> None:
    """A slip in a check or an entailment says in which one."""
    old, new, message = DEEPER_FAULTS[slip]
    assert f"browser.toml: browser.csrf: {message}" in faults_of(changed("browser.toml", old, new))


@pytest.mark.parametrize(
    ("standard", "good", "bad"),
    [
        ("owasp_2021", '"A10"', '"A11"'),
        ("owasp_2021", '"A01"', '"X01"'),
        ("owasp_2025", '"X01"', '"X04"'),
        ("owasp_2025", '"A10"', '"A00"'),
        ("api_2023", '"API1"', '"API11"'),
        ("proactive_2024", '"C1"', '"C11"'),
        ("llm_2025", '"LLM10"', '"LLM11"'),
        ("asvs", '"17.1.10"', '"18.1.1"'),
        ("asvs", '"3.5.1"', '"3.5"'),
        ("wstg", '"WSTG-CLNT-13"', '"WSTG-CLNT-3"'),
        ("wstg", '"WSTG-CLNT-13"', '"WSTG-CLNT-13\\n"'),
    ],
)
def test_refuses_a_code_that_the_standard_does_not_have(standard: str, good: str, bad: str) -> None:
    """A requirement that does not exist cannot be claimed; one that does can."""
    lines = [line for line in CSRF.splitlines() if not line.startswith(f"{standard} =")]
    rows = {code: "\n".join([*lines, f"{standard} = [{code}]"]) for code in (good, bad)}
    assert control.read(SAMPLE | {"browser.toml": rows[good]}).controls[0].standards[standard] == (good.strip('"'),)
    (fault,) = faults_of(SAMPLE | {"browser.toml": rows[bad]})
    assert fault.startswith(f"browser.toml: browser.csrf: {standard} names ")
    assert fault.endswith("which is no code of that standard")


@pytest.mark.parametrize("written", ["[0]", "[-79]", '["79"]', "[true]", "79", "[7.9]"])
def test_refuses_a_weakness_that_is_no_positive_number(written: str) -> None:
    """CWE ids are whole numbers above zero."""
    assert faults_of(changed("browser.toml", "cwe = [352]", f"cwe = {written}")) == (
        "browser.toml: browser.csrf: cwe must be a list of whole numbers above zero",
    )


@pytest.mark.parametrize("id_", ["csrf", "supply-chain.csrf", "browser.Csrf", "browser.cs_rf", "browser."])
def test_refuses_an_id_that_is_no_address_in_its_layer(id_: str) -> None:
    """The id names the file that it stands in."""
    faults = faults_of(changed("browser.toml", 'id = "browser.csrf"', f'id = "{id_}"'))
    assert any(fault.startswith(f"browser.toml: {id_}: the id must read browser.<stem>") for fault in faults)


def test_names_a_row_without_an_id_by_its_number() -> None:
    """A row that has no name yet is found by its place in the file."""
    assert "browser.toml: control 1: the key 'id' is missing" in faults_of(changed("browser.toml", 'id = "browser.csrf"\n', ""))


def test_refuses_an_id_twice() -> None:
    """Two rows cannot share an address."""
    again = CSRF.replace('"forgery"', '"other"')
    assert "browser.toml: browser.csrf: 'browser.csrf' already names browser.csrf" in faults_of(SAMPLE | {"browser.toml": CSRF + again})


@pytest.mark.parametrize("alias", ["forgery", "csrf", "browser.csrf"])
def test_refuses_an_alias_that_names_another_row(alias: str) -> None:
    """A word that a reader types leads to one control."""
    faults = faults_of(changed("supply_chain.toml", '"hashes"', f'"{alias}"'))
    assert faults == (f"supply_chain.toml: supply-chain.pins: {alias!r} already names browser.csrf",)


def test_refuses_a_check_twice() -> None:
    """Two checks of a row cannot share an id."""
    line = next(line for line in CSRF.splitlines() if "matrix" in line)
    assert faults_of(changed("browser.toml", line, f"{line}\n{line}")) == ("browser.toml: browser.csrf: verify has 'matrix' 2 times",)


def test_refuses_a_file_of_no_layer() -> None:
    """Rows in a file that nobody reads would be lost without a word."""
    assert faults_of(SAMPLE | {"brwoser.toml": CSRF}) == ("brwoser.toml: catalogue.toml names no layer with this file",)


def test_refuses_a_layer_without_a_file() -> None:
    """A layer that is announced has its rows."""
    texts = {name: text for name, text in SAMPLE.items() if name != "supply_chain.toml"}
    assert "supply_chain.toml: this file of the layer 'supply-chain' is missing" in faults_of(texts)


def test_refuses_an_unknown_key_of_a_layer_file() -> None:
    """A mistyped [[control]] does not drop a row."""
    assert "browser.toml: the key 'controll' is unknown; did you mean 'control'?" in faults_of(
        SAMPLE | {"browser.toml": f"{CSRF}\n[[controll]]\nid = 'browser.x'\n"}
    )


def test_refuses_what_is_no_toml() -> None:
    """A broken file is named, and nothing is read from it."""
    (fault,) = faults_of(SAMPLE | {"browser.toml": "[[control"})
    assert fault.startswith("browser.toml: is no TOML: ")


HEAD_FAULTS = {
    "unknown key": (
        'name = "sample"',
        'name = "sample"\nnmae = 1',
        "catalogue.toml: catalogue: the key 'nmae' is unknown; did you mean 'name'?",
    ),
    "unknown table": ("schema = 1", "schema = 1\nextra = 1", "catalogue.toml: the key 'extra' is unknown"),
    "schema no number": ("schema = 1", 'schema = "1"', "catalogue.toml: schema must be a whole number"),
    "missing list": ('owners = ["developer"]\n', "", "catalogue.toml: catalogue: the key 'owners' is missing"),
    "kind without meaning": ('static = "read"\n', "", "catalogue.toml: catalogue: kind_meaning must explain each of kinds, in their order"),
    "standard without codes": (
        'cwe = "f"',
        'cwe = "f"\niso = "i"',
        "catalogue.toml: catalogue: standards: 'iso' must stand both here and in standards.py, which knows its codes",
    ),
    "mapped and not mapped": ('["1.2.8"]', '["3.5.1"]', "catalogue.toml: not_mapped: asvs_other: '3.5.1' is mapped by a row"),
    "not mapped, and no code": ('["1.2.8"]', '["1.2"]', "catalogue.toml: not_mapped: asvs_other: '1.2' is no code of asvs"),
    "not mapped of no standard": (
        "asvs_other",
        "iso_other",
        "catalogue.toml: not_mapped: iso_other: the key must begin with a standard, as asvs_ does",
    ),
    "code under no heading": (
        "[catalogue.requirements]",
        '[catalogue.requirements]\nasvs.V1 = "Encoding"',
        "catalogue.toml: requirements: asvs has no 'V3', under which 3.5.1 would stand",
    ),
    "headings of no standard": (
        "[catalogue.requirements]",
        '[catalogue.requirements]\nasv.V1 = "Encoding"',
        "catalogue.toml: catalogue: requirements: 'asv' is no standard of this catalogue; did you mean 'asvs'?",
    ),
}


@pytest.mark.parametrize("slip", HEAD_FAULTS)
def test_names_the_fault_of_the_header(slip: str) -> None:
    """A slip in what all rows share is named too."""
    old, new, message = HEAD_FAULTS[slip]
    assert message in faults_of(changed("catalogue.toml", old, new))


def test_refuses_a_catalogue_without_a_header() -> None:
    """Rows cannot be judged without the words that they may use."""
    assert "catalogue.toml: the key 'catalogue' is missing" in faults_of({"browser.toml": CSRF})


def test_lists_all_faults_at_once() -> None:
    """Whoever mends the catalogue sees every slip of every file in one run."""
    faults = faults_of(
        changed("browser.toml", 'severity = "high"', 'severity = "awful"')
        | {"supply_chain.toml": PINS.replace('owner = "developer"', 'owner = "x"')}
    )
    assert {fault.partition(":")[0] for fault in faults} == {"browser.toml", "supply_chain.toml"}


@given(st.dictionaries(st.sampled_from(["catalogue.toml", "browser.toml", "supply_chain.toml", "x.toml"]), st.text(max_size=60)))
def test_answers_any_text_with_faults_and_never_with_another_error(texts: dict[str, str]) -> None:
    """Whatever the files hold, the reader ends with the catalogue's own error."""
    assert faults_of(SAMPLE | {"catalogue.toml": ""} | texts)


def test_the_shipped_catalogue_has_no_fault() -> None:
    """All rows of the package are read, in the order of the layers."""
    catalogue = control.load()
    assert [row.layer for row in catalogue.controls] == sorted((row.layer for row in catalogue.controls), key=catalogue.layers.index)
    assert len({row.layer for row in catalogue.controls}) == len(catalogue.layers)
    assert catalogue.status != "draft"


def test_reads_the_catalogue_once() -> None:
    """Commands and reports share one catalogue."""
    assert control.load() is control.load()


def test_rows_carry_no_seeds_and_no_layer() -> None:
    """Rows shipped with the package carry no research numbers, and do not repeat what their file says."""
    files = [file for file in resources.files("ringwork.controls").iterdir() if file.name.endswith(".toml")]
    assert not [
        file.name for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(("seeds", "layer ="))
    ]


def test_every_asvs_requirement_is_mapped_or_set_aside() -> None:
    """ASVS 5.0.0 has 345 requirements; each has a control or a reason why not."""
    catalogue = control.load()
    mapped = {code for row in catalogue.controls for code in row.standards["asvs"]}
    aside = [code for reason, codes in catalogue.not_mapped.items() if reason.startswith("asvs") for code in codes]
    assert len(mapped) + len(aside) == 345


@pytest.mark.parametrize(
    ("standard", "headings"),
    [
        ("owasp_2021", [f"A{number:02d}" for number in range(1, 11)]),
        ("owasp_2025", [*(f"A{number:02d}" for number in range(1, 11)), "X01", "X02", "X03"]),
        ("api_2023", [f"API{number}" for number in range(1, 11)]),
        ("asvs", [f"V{number}" for number in range(1, 18)]),
    ],
)
def test_lists_every_item_of_a_list_of_ten_whether_a_control_answers_it_or_not(standard: str, headings: list[str]) -> None:
    """A report can only say that an item is not covered when the item is listed."""
    titles = control.load().requirements[standard]
    assert list(titles) == headings
    assert all(titles.values())


def test_accepts_codes_that_stand_under_their_heading() -> None:
    """The honest opposite of a code without a heading: chapters hold their requirements, and items themselves."""
    headings = '[catalogue.requirements]\nasvs.V1 = "Encoding"\nasvs.V3 = "Frontend"\nowasp_2021.A01 = "Access"'
    catalogue = control.read(changed("catalogue.toml", "[catalogue.requirements]", headings))
    assert catalogue.requirements["asvs"] == {"V1": "Encoding", "V3": "Frontend"}


def test_the_words_of_the_catalogue_are_those_of_the_prover() -> None:
    """Verdicts and kinds of check are written the same in both."""
    catalogue = control.load()
    assert set(catalogue.kinds) == {str(kind) for kind in check.Kind}
    assert catalogue.verdicts == tuple(str(verdict) for verdict in evidence.Verdict)


def test_layers_outside_the_application_have_no_guard() -> None:
    """Supply chain, infrastructure and process controls have a proof and no guard, and say so."""
    outside = {"supply-chain", "infrastructure", "process"}
    assert not [row.id for row in control.load().controls if row.layer in outside and row.guarded]


@pytest.mark.parametrize("word", ["browser.csrf", "csrf", "anti-forgery-token", " Browser.CSRF "])
def test_finds_a_control_by_any_of_its_names(word: str) -> None:
    """Id, stem and alias lead to the same row."""
    found = control.load().find(word)
    assert found is not None
    assert found.id == "browser.csrf"


def test_finds_nothing_under_an_unknown_name() -> None:
    """A mistyped name is no control, and the near ones are offered."""
    catalogue = control.load()
    assert catalogue.find("browser.crsf") is None
    assert catalogue.near("browser.crsf")[0] == "browser.csrf"
    assert catalogue.near("qqqqqqqq") == ()
    # Short names look like many words.
    assert catalogue.near("nosuch") == ()


def test_a_larger_profile_holds_the_smaller_ones() -> None:
    """Profiles are cumulative."""
    catalogue = control.load()
    sizes = [len(catalogue.of_profile(profile)) for profile in catalogue.profiles]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == len(catalogue.controls)
