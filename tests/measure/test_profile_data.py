"""Line profiles as data: files, text, HTML, comparison. Made by hand: nothing is measured here."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from workbench.measure.line_profile import LineProfile
from workbench.measure.match_lines import Pair, pair_lines
from workbench.measure.profile_comparison import ProfileComparison
from workbench.measure.profile_parts import Function, HotLine, Line, Part

HOSTILE = [
    "def __getitem__(self, index):  # </code></table><script>alert(1)</script>",
    "\tif index < 0 and 'a' & \"b\":  # ]]> <!-- --> &amp; &lt;",
    "\t    x = \"<img src=x onerror='alert(1)'>\"",
    "        größe = '漢字 🩻 \u202e\u2028 ½'  ",
    "",
    "    return 1" + " + 1" * 500,
]


def function(sources, *, name="Scans.__getitem__", file="/data/scans.py", ms=None, spread=0.0):
    """Lines numbered from 11, over 100 batches of 10 ms; `ms` are their milliseconds a batch."""
    lines = [
        Line(
            line=number, hits=100 if cost else 0, seconds=cost / 10, share=cost / 10,
            self_share=cost / 10, waiting=0.0, spread=spread if cost else 0.0, approximate=False,
            source=source,
        )
        for number, (source, cost) in enumerate(
            zip(sources, ms or [1.0] * len(sources), strict=True), 11
        )
    ]  # fmt: skip
    return Function(name, file, 11, 100, sum(line.share for line in lines), tuple(lines))


def profile(*functions, **changes):
    hot = [
        HotLine(f.name, f.file, line.line, line.self_share, line.source, line.parts)
        for f in functions
        for line in f.lines
        if line.hits
    ]
    values = LineProfile(
        batches=100, seconds=1.1, unprofiled_seconds=1.0, samples=3200, slowdown=1.1, workers=0,
        use_multiprocessing=False, peak_bytes=12_500_000,
        outside={"keras": 0.0, "conversion": 0.0, "waiting": 0.0, "other": 0.1},
        functions=functions, hot=tuple(sorted(hot, key=lambda line: -line.self_share)),
    )  # fmt: skip
    return replace(values, **changes)


def changed(of, position, **changes):
    """The function with one of its lines changed."""
    lines = list(of.lines)
    lines[position] = replace(lines[position], **changes)
    return replace(of, lines=tuple(lines))


@pytest.fixture
def rich():
    """A profile with something in every field."""
    of = function(HOSTILE, file='/tmp/<b>&".py', ms=[1, 1, 1, 1, 0, 1])
    parts = (Part('<script>"', 0.07), Part("Elastic", 0.02))
    of = changed(of, 1, approximate=True, libraries=("lib<script>",), parts=parts)
    other = function(["a = 1", "b = 2"], name="<lambda>", ms=[0, 0.1], spread=0.001)
    return profile(of, other, workers=2, slowdown=2.5)


# Files


def test_what_is_saved_loads_equal(rich, tmp_path):
    file = rich.save(tmp_path / "before.json")
    assert LineProfile.load(file) == rich
    assert list(json.loads(file.read_text(encoding="utf-8"))) == ["format", "version", "profile"]


def test_every_bit_of_a_figure_survives_the_file(tmp_path):
    rng = random.Random(3)
    figures = [rng.random() * 10.0 ** rng.randint(-12, 6) for _ in range(500)]
    saved = profile(function(["x"] * 500, ms=figures), peak_bytes=None)
    loaded = LineProfile.load(saved.save(tmp_path / "p.json"))
    assert [line.seconds for line in loaded.functions[0].lines] == [f / 10 for f in figures]
    assert loaded == saved


def test_a_file_name_that_is_not_utf8_does_not_spoil_the_file(tmp_path):
    saved = profile(function(["x"], file="/data/caf\udce9.py"))
    assert LineProfile.load(saved.save(tmp_path / "p.json")).functions[0].file == "/data/caf?.py"


def test_only_profiles_are_overwritten(rich, tmp_path):
    file = rich.save(tmp_path / "p.json")
    profile().save(file)
    assert LineProfile.load(file) == profile()
    for other in ("{}", "notes", '{"format": "workbench", "version": 1}'):
        file.write_text(other)
        with pytest.raises(FileExistsError, match="not a workbench-profile file: left as it is"):
            rich.save(file)
        assert file.read_text() == other


def test_a_failed_save_leaves_the_old_profile_and_no_other_file(rich, tmp_path, monkeypatch):
    file = profile().save(tmp_path / "p.json")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        rich.save(file)
    assert LineProfile.load(file) == profile()
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


def first_line(values, **changes):
    """The file's text with its first line of source changed."""
    values["profile"]["functions"][0]["lines"][0].update(changes)
    return json.dumps(values)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda v: json.dumps(v)[:200], "broken JSON.*line 1"),
        (lambda v: "[1]", "not a workbench-profile file"),
        (lambda v: json.dumps({**v, "format": "workbench"}), "not a workbench-profile file"),
        (lambda v: json.dumps({**v, "version": 2}), r"newer workbench \(version 2; .* reads 1\)"),
        (lambda v: json.dumps({**v, "version": "1"}), "version: expected 1. Received: '1'"),
        (lambda v: json.dumps({**v, "profile": None}), "profile: "),
        (lambda v: first_line(v, hits=True), r"functions\.0\.lines\.0\.hits: .*valid integer"),
        (lambda v: first_line(v, share="1"), r"functions\.0\.lines\.0\.share: .*valid number"),
        (lambda v: first_line(v, parts=[3]), r"functions\.0\.lines\.0\.parts\.0: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_fault(rich, tmp_path, edit, words):
    file = rich.save(tmp_path / "p.json")
    file.write_text(edit(json.loads(file.read_text(encoding="utf-8"))), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"p\.json: .*{words}"):
        LineProfile.load(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        LineProfile.load(tmp_path / "nowhere.json")


# Text


def rows_of(text, start):
    return [row for row in text.split("\n") if row.startswith(start)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {},
            "10.0 ms per batch without profiling, 100 batches, this thread, 1.10x when profiled",
        ),
        ({}, ", peak allocation 12.5 MB"),
        ({"workers": 1}, ", 1 thread, "),
        ({"workers": 2}, ", 2 threads, "),
        ({"workers": 2, "use_multiprocessing": True}, ", 2 processes, "),
    ],
)
def test_the_first_line_says_what_was_measured(changes, words):
    assert words in str(profile(function(["x"]), **changes)).split("\n")[0]


def test_what_was_not_measured_is_not_mentioned():
    text = str(
        profile(function(["x"]), peak_bytes=None, outside={"keras": 0.004, "waiting": 0.005})
    )
    assert "allocated" not in text
    assert "Waiting is" not in text
    assert "tight loops" not in text
    assert rows_of(text, "Outside") == ["Outside the lines: waiting 0.5%"]


def test_notes_say_what_the_figures_are_not():
    text = str(profile(function(["x"]), workers=2, slowdown=2.01, outside={"waiting": 0.2}))
    assert "Waiting is the difference of two runs: 2 threads minus one thread." in text
    assert "slows this code by 2.0x: tight loops" in text


def test_hot_lines_come_first_with_their_parts():
    of = function([f"step_{n}()" for n in range(7)], ms=[1, 2, 3, 0.5, 0.4, 0.3, 0.2])
    of = changed(of, 2, parts=(Part("Elastic", 0.2), Part("blur", 0.1)))
    text = str(profile(of)).split("\n")
    assert text[1:4] == [
        "  1. step_2()  scans.py:13, 30% of a batch",
        "     including Elastic 20% · blur 10%",
        "  2. step_1()  scans.py:12, 20% of a batch",
    ]
    assert len([row for row in text if "of a batch" in row]) == 5


def test_tabs_long_lines_and_approximate_figures_keep_the_columns(rich):
    text = str(rich)
    assert max(map(len, text.split("\n"))) == 110
    assert len(rows_of(text, "  10.0%       1.00      100    1")) == 4
    assert len(rows_of(text, "  10.0%      ≈1.00      100    12      if index")) == 1
    assert text.count("…") == 3  # the first and last line among the hot ones, the last in its place
    assert not any(ord(character) < 32 for character in text if character != "\n")


def test_control_characters_reach_no_terminal():
    text = str(
        profile(function(["x = '\x1b[31m'\r\x00\x9b\nlast"], name="f\x1b", file="/a\x07.py"))
    )
    assert "x = '␛[31m'␍␀\ufffd␊last" in text
    assert "f␛  (a␇.py:11)" in text


@pytest.mark.parametrize("count", [0, 1, 2000])
def test_profiles_of_any_size_have_text_and_html_and_compare(count):
    of = profile(function([f"step({n})" for n in range(count)]))
    assert str(of).count("step(") == count + min(count, 5)
    assert of.to_html().count("step(") == count + min(count, 5)
    assert [line.kind for line in of.compare(of).functions[0].lines] == ["same"] * count


def test_a_profile_without_functions_says_so():
    assert str(profile()).endswith("No lines were profiled.")
    assert "No lines were profiled." in profile().to_html()
    assert str(replace(profile(), batches=0)).startswith("0.000 ms per batch")
    assert profile().compare(profile()).functions == ()


def test_lines_without_source_say_so():
    of = profile(function(["", ""], ms=[2, 3]))
    assert str(of).count("(no source)") == 4
    assert of.to_html().count("(no source)") == 4


# HTML


class Parsed(HTMLParser):
    """All tags with their attributes, and the text of code cells."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.codes, self.words, self._open = [], [], "", False
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag == "code":
            self._open = True
            self.codes.append("")

    def handle_endtag(self, tag):
        if tag == "code":
            self._open = False

    def handle_data(self, data):
        self.words += data
        if self._open:
            self.codes[-1] += data


TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "div", "p", "ol", "li", "b", "br",
    "i", "small", "code", "span", "table", "caption", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "name", "content", "http-equiv", "class", "style", "scope", "colspan",
}  # fmt: skip


def harmless(markup):
    """Parsed, if nothing in it could run or be fetched."""
    parsed = Parsed(markup)
    assert {tag for tag, _ in parsed.tags} <= TAGS
    assert {name for _, attributes in parsed.tags for name in attributes} <= ATTRIBUTES
    assert not any(word in markup for word in ("http:", "https:", "@import", "url("))
    return parsed


@pytest.mark.parametrize("form", [LineProfile.to_html, LineProfile._repr_html_])
def test_html_gives_all_source_back_and_makes_no_element_of_it(rich, form):
    parsed = harmless(form(rich))
    lines = [line.source for of in rich.functions for line in of.lines]
    in_order = iter(parsed.codes)
    assert all(source in in_order for source in lines)
    assert "<lambda>" in parsed.codes
    assert '<b>&".py:11' in parsed.words
    assert 'including <script>" 7% · Elastic 2%' in parsed.words
    assert "Lines that call lib<script> include" in parsed.words
    assert [tag for tag, _ in parsed.tags].count("style") == 1


def test_a_comparison_is_as_harmless(rich):
    comparison = profile().compare(rich)
    for markup in (comparison.to_html(), comparison._repr_html_()):
        parsed = harmless(markup)
        in_order = iter(parsed.codes)
        assert all(source in in_order for source in HOSTILE)


def test_without_its_style_the_table_still_reads(rich):
    parsed = Parsed(rich._repr_html_())
    tags = [tag for tag, _ in parsed.tags]
    scopes = [attributes.get("scope") for tag, attributes in parsed.tags if tag == "th"]
    assert tags.count("caption") == tags.count("table") == 1
    assert (scopes.count("col"), scopes.count("rowgroup"), scopes.count("row")) == (7, 2, 8)
    kept = [tag for tag, a in parsed.tags if a.get("style") == "text-align:left;white-space:pre"]
    assert (kept.count("td"), kept.count("th")) == (8, 2)  # each line, each function's name


def test_bars_are_as_long_as_the_figures_say():
    parsed = Parsed(profile(function(["a", "b", "c"], ms=[6.1, 0.25, 0])).to_html())
    assert [a["style"] for tag, a in parsed.tags if tag == "i"] == ["width:61.0%", "width:2.5%"]
    assert "61.0%" in parsed.words


def test_lines_that_did_not_run_are_dimmed_and_have_no_figures():
    parsed = Parsed(profile(function(["a", "b"], ms=[1, 0])).to_html())
    assert [a.get("class") for tag, a in parsed.tags if tag == "tr"][2:] == [None, "wbs-idle"]


# Comparison

SLOW = ["def batch(i):", "    x = read(i)", "    x = [warp_slow(one) for one in x]", "    return x"]
FAST = [line.replace("slow", "fast") for line in SLOW]


def kinds(comparison, position=0):
    return [line.kind for line in comparison.functions[position].lines]


def test_a_line_replaced_by_a_faster_one_is_one_change():
    before = profile(function(SLOW, ms=[0, 1, 8, 0.1], spread=0.0001))
    after = profile(
        function(FAST, ms=[0, 1, 2, 0.1], spread=0.0001), unprofiled_seconds=0.4, slowdown=1.0
    )
    comparison = before.compare(after)
    line = comparison.functions[0].lines[2]
    assert isinstance(comparison, ProfileComparison)
    assert kinds(comparison) == ["same", "same", "edited", "same"]
    assert (line.before_line, line.after_line) == (13, 13)
    assert (line.before_source, line.after_source) == (SLOW[2], FAST[2])
    assert (line.before_ms, line.after_ms, line.difference_ms) == (8.0, 2.0, -6.0)
    assert [line.clear for line in comparison.functions[0].lines] == [False, False, True, False]
    assert comparison.speedup == pytest.approx(2.5)
    assert "10.0 ms per batch before, 4.00 ms after: 2.50x as fast" in str(comparison)


def test_the_text_is_a_diff_with_prices_and_leaves_out_what_did_not_run():
    before = profile(function(SLOW, ms=[0, 1, 8, 0.1], spread=0.001))
    after = profile(function(FAST, ms=[0, 1.1, 2, 0.1], spread=0.001))
    assert str(before.compare(after)).split("\n")[2:-3] == [
        "Scans.__getitem__  scans.py · 9.10 → 3.20 ms",
        " before ms   after ms     change  ±             source",
        "      1.00       1.10      +0.10  ±0.14         x = read(i)",
        "      8.00                                    - x = [warp_slow(one) for one in x]",
        "                 2.00      -6.00  ±0.14 *     + x = [warp_fast(one) for one in x]",
        "      0.10       0.10      +0.00  ±0.14         return x",
    ]


@pytest.mark.parametrize(("difference", "clear"), [(0.27, False), (0.30, True), (-0.30, True)])
def test_a_change_is_clear_from_twice_its_standard_error(difference, clear):
    # 1 ms of spread over 100 batches on either side: 0.141 ms.
    before = profile(function(["x()"], ms=[5], spread=0.001))
    after = profile(function(["x()"], ms=[5 + difference], spread=0.001))
    line = before.compare(after).functions[0].lines[0]
    assert line.noise_ms == pytest.approx(0.1414, abs=1e-4)
    assert line.clear is clear


def test_each_side_counts_its_own_batches():
    before = profile(function(["x()"], spread=0.003))
    after = replace(profile(function(["x()"], spread=0.002)), batches=25)
    noise = before.compare(after).functions[0].lines[0].noise_ms
    assert noise == pytest.approx((3**2 / 100 + 2**2 / 25) ** 0.5)


def test_one_batch_makes_nothing_clear():
    before = profile(function(["x()"], ms=[9]))
    after = replace(profile(function(["x()"], ms=[0.1])), batches=1)
    line = before.compare(after).functions[0].lines[0]
    assert (line.noise_ms, line.clear) == (None, False)
    assert "±?" in str(before.compare(after))


def test_a_renamed_function_is_the_same_function():
    before = profile(function(SLOW), function(["def other():", "    pass"], name="other"))
    after = profile(function(FAST, name="FastScans.batch", file="/data/fast.py"))
    comparison = before.compare(after)
    assert [(f.before, f.after) for f in comparison.functions] == [
        ("Scans.__getitem__", "FastScans.batch"),
        ("other", None),
    ]
    assert kinds(comparison) == ["same", "same", "edited", "same"]
    assert kinds(comparison, 1) == ["removed", "removed"]
    assert "other (removed)  scans.py · 2.00 → 0.000 ms" in str(comparison)


def test_name_and_file_count_before_what_is_written():
    # A notebook's cell has another file name each time it runs.
    before = profile(function(SLOW, name="batch", file="/tmp/1.py"), function(FAST, name="twin"))
    after = profile(function(SLOW, name="twin"), function(FAST, name="batch", file="/tmp/2.py"))
    pairs = [(f.before, f.after) for f in before.compare(after).functions]
    assert pairs == [("twin", "twin"), ("batch", "batch")]


def test_functions_of_one_side_only_are_added_or_removed_whole():
    before, after = (
        profile(function(["a = read()"], name="one")),
        profile(function(["b"], name="two")),
    )
    comparison = before.compare(after)
    assert [(f.before, f.after) for f in comparison.functions] == [(None, "two"), ("one", None)]
    assert (kinds(comparison), kinds(comparison, 1)) == (["added"], ["removed"])
    line = comparison.functions[0].lines[0]
    assert (line.before_line, line.before_source, line.before_ms) == (None, "", 0.0)
    assert (line.after_line, line.difference_ms) == (11, 1.0)


def test_a_line_that_moved_is_one_line():
    before = profile(function(["def f():", "    slow()", "    a()", "    b()"], ms=[0, 4, 1, 1]))
    after = profile(function(["def f():", "    a()", "    b()", "        slow()"], ms=[0, 1, 1, 3]))
    lines = before.compare(after).functions[0].lines
    assert [(n.kind, n.before_line, n.after_line) for n in lines] == [
        ("same", 11, 11), ("same", 13, 12), ("same", 14, 13), ("moved", 12, 14),
    ]  # fmt: skip
    assert lines[3].difference_ms == pytest.approx(-1.0)


def test_lines_without_source_are_matched_by_their_place():
    before = profile(function(["", ""], ms=[2, 3]))
    after = profile(function(["", ""], ms=[2, 1]))
    line = before.compare(after).functions[0].lines[1]
    assert (line.before_line, line.after_line, line.difference_ms) == (12, 12, -2.0)


def test_edited_lines_are_found_among_new_ones():
    before = ["for row in rows:", "image = read(row.path, GRAY)", "out.append(image)"]
    after = ["import fast", "image = read(row.path, GREY)"]
    assert pair_lines(before, after) == [
        Pair(0, None), Pair(None, 0), Pair(1, 1), Pair(2, None),
    ]  # fmt: skip


def test_every_line_is_paired_once_whatever_was_edited():
    rng = random.Random(5)
    for _ in range(200):
        before, after = (
            [rng.choice(["", ")", "a = f(x)", "a = g(x)", "b()"]) for _ in range(rng.randint(0, 9))]
            for _ in range(2)
        )
        pairs = pair_lines(before, after)
        assert sorted(p.before for p in pairs if p.before is not None) == [*range(len(before))]
        assert sorted(p.after for p in pairs if p.after is not None) == [*range(len(after))]


def test_profiles_of_other_batches_or_workers_are_told_apart():
    before, after = profile(function(["x"])), profile(function(["x"]), samples=6400, workers=2)
    for text in (str(before.compare(after)), before.compare(after).to_html()):
        assert "Batches differ: 32 samples before, 64 after." in text
        assert "Workers differ: this thread before, 2 threads after." in text
    assert "differ" not in str(before.compare(before))


def test_a_comparison_is_plain_data(rich):
    values = rich.compare(rich).to_dict()
    assert json.loads(json.dumps(values))["functions"][1]["before"] == "<lambda>"
    assert values["speedup"] == 1.0
    assert rich.compare(profile(unprofiled_seconds=0.0)).speedup is None
