"""The static files of others come out of node_modules, by an allow-list."""

import pytest

from config.staticfinder import FILES, NodeModulesFinder


@pytest.fixture
def finder(tmp_path):
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "echarts/package.json").write_text("{}")
    return NodeModulesFinder(root=tmp_path)


def test_a_listed_file_is_found_and_collected_below_the_prefix(finder, tmp_path):
    assert finder.find(f"vendor/{FILES[0]}") == str(tmp_path / FILES[0])
    assert finder.find(f"vendor/{FILES[0]}", find_all=True) == [str(tmp_path / FILES[0])]
    assert [name for name, _ in finder.list(None)] == list(FILES)
    assert {storage.prefix for _, storage in finder.list(None)} == {"vendor"}


@pytest.mark.parametrize("path", ["vendor/echarts/package.json", FILES[0], "vendor/../manage.py", "css/base.css"])
def test_nothing_else_of_node_modules_is_served(finder, path):
    assert finder.find(path) == []
    assert finder.find(path, find_all=True) == []


def test_the_check_is_silent_when_all_files_are_there_and_says_what_to_run_when_not(finder, tmp_path):
    assert finder.check() == []
    (tmp_path / FILES[-1]).unlink()
    [error] = finder.check()
    assert FILES[-1] in error.msg
    assert "npm ci" in error.hint
    assert FILES[-1] not in [name for name, _ in finder.list(None)]
