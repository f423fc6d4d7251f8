"""Every kind of page that links lead to, as five people, on a phone and a desktop: axe and what axe does not know."""

import re
from urllib.parse import urldefrag, urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.conftest import DESKTOP, PHONE

BLOCKING = {"serious", "critical"}
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
WIDTH = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
FACTS = f"""async () => {{
  const {{violations}} = await axe.run(document, {{resultTypes: ["violations"], runOnly: {RULES}}});
  return {{
    violations: violations.map(v => [v.impact, v.id, v.nodes.slice(0, 3).map(n => n.target.join(" "))]),
    headings: document.querySelectorAll("h1").length,
    width: {WIDTH},
  }};
}}"""
LINKS = "[...document.querySelectorAll('a[href]')].filter(a => !a.hasAttribute('download')).map(a => a.href)"
DOWNLOADS = "refused|image|thumb|export|template|file"
NO_PAGE = re.compile(rf"/({DOWNLOADS}|healthz|readyz)/?$|/evidence/\d+/?$|/static/|[?&]format=")
STYLED = re.compile(r"<[^>]+\sstyle=[^>]*>")  # as served; scripts that draw set theirs through the CSSOM


def kind(url):
    """Pages that differ in a number alone are of one kind; so are pages of one address that say more after the `?`."""
    parts = urlsplit(url)
    return re.sub(r"\d+", "0", parts.path), bool(parts.query)


def faults(page, name):
    found = page.evaluate(FACTS)
    said = [f"{impact} {rule}: {where}" for impact, rule, where in found["violations"] if impact in BLOCKING]
    said += [f"{found['headings']} h1"] if found["headings"] != 1 else []
    said += ["wider than the window: {} > {}".format(*found["width"])] if found["width"][0] > found["width"][1] else []
    return [f"{urlsplit(page.url).path} {name}: {one}" for one in said]


@pytest.mark.parametrize(
    "who", [None, "secretary", "office", "leader", "member", "admin"], ids=lambda who: who or "nobody"
)
def test_every_page_is_accessible_and_loads_nothing_from_elsewhere(demo_site, visit, who):
    hand = visit(demo_site, who)
    page = hand.page
    page.context.add_init_script(AXE_SCRIPT)
    elsewhere: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((demo_site.url, "data:", "blob:")) else elsewhere.append(r.url)
    )
    waiting, seen, said = [demo_site.url + "/"], set(), []
    while waiting:
        url = waiting.pop(0)
        if kind(url) in seen:
            continue
        seen.add(kind(url))
        for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            page.set_viewport_size(size)
            if name == "desktop":
                answer = page.goto(url)
                assert answer is not None
                assert answer.status == 200, url
                said += [f"{url}: {tag}" for tag in STYLED.findall(answer.text())]
            said += faults(page, name)
        waiting += [
            link
            for link in (urldefrag(found)[0] for found in page.evaluate(LINKS))
            if link.startswith(demo_site.url) and not NO_PAGE.search(link)
        ]
    assert not said, "\n".join(said)
    assert elsewhere == []
    assert len(seen) >= (1 if who is None else 5)
