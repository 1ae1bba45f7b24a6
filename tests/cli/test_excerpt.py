import pytest
from projects import Project

from openflow_render.cli.excerpt import end_of_value, excerpt, forget
from openflow_render.core.report import Origin

VALUES = {
    "memory: >12x": "12x",
    "memory: >12x   # odd": "12x",
    'memory: >"12x"': '"12x"',
    "memory: >'it''s'  # quoted": "'it''s'",
    'memory: >"a\\"b", cores: 1': '"a\\"b"',
    'memory: >"never closed': '"never closed',
    "{memory: >12x, cores: 0}": "12x",
    "{memory: 12x, >cores: 0}": "cores",
    "{a: {b: >c}}": "c",
    "{a: 'x]', b: >c}": "c",
    "args: >[a, b]  # list": "[a, b]",
    "args: >{a: '}', b: [1]}": "{a: '}', b: [1]}",
    "args: >[a,": "[a,",
    "    >instancez: 2": "instancez",
    "    >url: http://host:80/x": "url",
    "    url: >http://host:80/x": "http://host:80/x",
    "words: >one, two # three": "one, two",
    "hash: >a#b": "a#b",
    "- >item": "item",
    ">key:": "key",
    ">: odd": ":",
    "x: >&a 1": "&a 1",
}


@pytest.mark.parametrize("text", VALUES)
def test_marks_stand_under_the_value_and_nothing_else(text: str):
    start, line = text.index(">"), text.replace(">", "", 1)

    assert line[start : end_of_value(line, start)] == VALUES[text]


def shown(project: Project, content: str | bytes, line: int, column: int) -> str:
    project.write({"f": content})
    forget()
    return excerpt(Origin("f", line, column))


def test_the_line_and_its_number_are_shown(project: Project):
    assert shown(project, "a: 1\nb: 2\n", 2, 4) == "  2 | b: 2\n    |    ^\n"


def test_the_margin_is_as_wide_as_the_number(project: Project):
    assert shown(project, "\n" * 99 + "b: xyz\n", 100, 4) == "  100 | b: xyz\n      |    ^^^\n"


def test_where_a_file_ends_too_early_its_last_words_are_shown(project: Project):
    assert shown(project, "a: [1\n\n", 3, 1) == "  1 | a: [1\n    |      ^\n"
    assert shown(project, "a: [1", 1, 6) == "  1 | a: [1\n    |      ^\n"


def test_a_tab_takes_one_column(project: Project):
    assert shown(project, "\ta: xy\n", 1, 5) == "  1 |  a: xy\n    |     ^^\n"


def test_wide_characters_take_two_columns(project: Project):
    assert shown(project, "名: 値段\n", 1, 4) == "  1 | 名: 値段\n    |     ^^^^\n"


NOTHING = {
    "no line": (b"a: 1\n", 0, 0),
    "no column": (b"a: 1\n", 1, 0),
    "beyond the file": (b"a: 1\n", 9, 1),
    "beyond the line": (b"a: 1\n", 1, 9),
    "control characters": (b"a: \x1b[31m\n", 1, 1),
    "a direction that draws over": ("a: \u202e1\n".encode(), 1, 1),
    "a line that fills the screen": (b"a: " + b"x" * 200, 1, 4),
    "no text": (b"a: \xff\n", 1, 1),
}


@pytest.mark.parametrize("case", NOTHING)
def test_nothing_is_shown_where_nothing_can_be_seen(project: Project, case: str):
    assert shown(project, *NOTHING[case]) == ""


def test_other_line_breaks_do_not_shift_the_lines(project: Project):
    assert shown(project, "a: '\x0b\u2028'\nb: 2\n", 2, 4) == "  2 | b: 2\n    |    ^\n"


def test_a_byte_order_mark_shifts_no_column(project: Project):
    assert shown(project, "\ufeffa: 1\n", 1, 4) == "  1 | a: 1\n    |    ^\n"


HIDDEN = {
    "a block": "env:\n  DB_PASSWORD: |\n    >hunter2\n    >hunter2\n  B: shown\n",
    "a folded block": "env:\n  DB_PASSWORD: >-\n    >hunter2\n\n    >hunter2\n  B: shown\n",
    "a variable in a list": "- name: A\n- name: API_TOKEN\n  value: |\n    >hunter2\n    >hunter2\n- x: shown\n",
    "a variable whose name comes last": "- value: |\n    >hunter2\n    >hunter2\n  name: API_TOKEN\n- x: shown\n",
    "double quotes": 'a:\n  secret.key: ">hunter2\n    >hunter2"\n  b: shown\n',
    "single quotes": "a:\n  secret.key: '>hunter2\n\n    >hunter2'\n  b: shown\n",
    "plain text": "a:\n  token: >hunter2\n    >hunter2\n  b: shown\n",
    "text on a line of its own": "a:\n  token:\n    >hunter2\n  b: shown\n",
    "a map in braces": 'a: {user: x, password: ">hunter2\n  >hunter2", c: d}\nb: shown\n',
    "a map in braces, the key on another line": "a: {user: x, password:\n  >hunter2, c: d}\nb: shown\n",
    "a list": "passwords:\n  - >hunter2\n  - |\n    >hunter2\nb: shown\n",
    "a list in brackets": "passwords: [\n  >hunter2,\n  >hunter2]\nb: shown\n",
    "arguments": "args:\n  - --password\n  - >hunter2\n  - shown\n",
    "a key that is asked for": "? client-secret\n: |\n  >hunter2\n  >hunter2\nb: shown\n",
    "an anchor": "a: &a |\n  >hunter2\n  >hunter2\nb: shown\npassword: *a\n",
    "JSON": '{\n "a": {\n  "password":\n   ">hunter2",\n  "b": "shown"\n }\n}\n',
    "a private key": "a: |\n  -----BEGIN PRIVATE KEY-----\n  >hunter2\n  -----END PRIVATE KEY-----\nb: shown\n",
    "behind a map for a key": "? {a: b}\n: c\npassword:\n  >hunter2\nb: shown\n",
    "a continued property": "spark.ssl.keyPassword=>hunter2\\\n  >hunter2\\\n  >hunter2\nspark.b=shown\n",
    "a continued property in a block": "a: |\n  spark.a.secret >hunter2\\\n    >hunter2\n  spark.b shown\n",
    "a quote that is never closed": 'b: shown\npassword: ">hunter2\n  >hunter2\n',
    "a block that is indented wrongly": "b: shown\na:\n  password: |\n      >hunter2\n    >hunter2\n",
    "a block before a fault": "b: shown\npassword: |\n  >hunter2\nc: [\n",
    "a carriage return before each line end": "a:\r\n  token: |\r\n    >hunter2\r\n    >hunter2\r\n  b: shown\r\n",
}


@pytest.mark.parametrize("case", HIDDEN)
def test_no_line_of_a_value_with_the_name_of_a_secret_is_shown(project: Project, case: str):
    lines = HIDDEN[case].split("\n")
    project.write({"f": HIDDEN[case].replace(">hunter2", "hunter2")})
    forget()

    for number, line in enumerate(lines, 1):
        if ">hunter2" in line:
            assert excerpt(Origin("f", number, 1)) == ""
        elif "shown" in line:
            assert "shown" in excerpt(Origin("f", number, 1))


def test_a_file_that_no_reader_would_read_to_its_end_is_looked_at_in_bounds(project: Project):
    for begin in ("[" * 4_000_000, "{a: " * 1_000_000, "- 1\n" * 1_000_000):
        assert shown(project, begin + "\nlast: 1\n", begin.count("\n") + 2, 1).endswith("^^^^\n")


def test_many_aliases_of_a_long_text_are_looked_at_in_bounds(project: Project):
    text = "a: &a |\n" + "  x\n" * 500_000 + "b:\n" + "- password: *a\n" * 50_000

    assert shown(project, text, 2, 3) == ""
