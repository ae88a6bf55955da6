from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from minsheng.pages.shell import data_block, escaped, page

HOSTILE = "</script><script>alert(1)</script><!-- \u2028 & ' \" "


def test_data_survives_and_ends_nothing() -> None:
    block = data_block("d", {"text": HOSTILE})
    inside = re.fullmatch(r'<script type="application/json" id="d">(.*)</script>', block)
    assert inside and not set(inside[1]) & set("<>&\u2028")
    assert json.loads(inside[1]) == {"text": HOSTILE}


def test_the_policy_names_exactly_the_style_and_the_script_of_the_page() -> None:
    made = page(title=HOSTILE, lang="zh", body="<p>x</p>", styles="p{}", script="let a;", data={"d": HOSTILE})
    policy = re.search(r'Policy" content="([^"]*)"', made)
    assert policy and made.count("<script>") == 1 and "alert(1)</script>" not in made
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", made, re.S)
        assert inside
        digest = base64.b64encode(hashlib.sha256(inside[1].encode()).digest()).decode()
        assert f"{tag}-src &#x27;sha256-{digest}&#x27;" in policy[1]
    assert "default-src &#x27;none&#x27;" in policy[1] and "unsafe" not in policy[1]


@pytest.mark.parametrize("sign", "<>&'\"")
def test_signs_of_markup_are_escaped(sign: str) -> None:
    assert sign not in escaped(f"a{sign}b").replace("&lt;", "").replace("&gt;", "").replace(
        "&amp;", ""
    ).replace("&#x27;", "").replace("&quot;", "")
