from __future__ import annotations

import pytest

from support.documents import obstacle

WORDS = "The model reads long documents and answers in many languages. " * 40


def page(title: str = "", body: str = "", head: str = "") -> str:
    return f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("what", "html"),
    [
        ("Cloudflare", page("Just a moment...", "<noscript>Enable JavaScript and cookies to continue</noscript>")),
        (
            "Cloudflare, Japanese",
            page("しばらくお待ちください...", "<h1>www.acme-ai.com</h1><p>人間であることを確認します。</p>"),
        ),
        ("Cloudflare, blocked", page("Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked</h1>")),
        ("Cloudflare, script alone", page("www.acme-ai.com", "<script>window._cf_chl_opt={cvId:'3'}</script>")),
        ("Cloudflare, older", page("x", "Checking your browser before accessing acme-ai.com.")),
        (
            "Akamai",
            page(
                "Access Denied",
                '<h1>Access Denied</h1>You don\'t have permission to access "http&#58;&#47;&#47;acme" on this server.<p>'
                "Reference&#32;&#35;18&#46;2d351ab8&#46;1557333295&#46;a4e16ab<p>https&#58;//errors&#46;edgesuite&#46;net/18",
            ),
        ),
        ("Akamai, behaviour", page("", '<div id="sec-if-cpt-container"></div>')),
        (
            "DataDome",
            page(
                "acme-ai.com",
                "<p id='cmsg'>Please enable JS and disable any ad blocker</p><script>var dd={'rt':'c','cid':'AHr'}</script>"
                "<script src='https://ct.captcha-delivery.com/c.js'></script>",
            ),
        ),
        ("HUMAN", page("Access to this page has been denied.", '<div id="px-captcha"></div>')),
        ("HUMAN, words alone", page("Acme", "<p>Press &amp; Hold to confirm you are a human</p>")),
        (
            "Imperva",
            page(
                "",
                "<iframe src='/_Incapsula_Resource?incident_id=1-2'>Request unsuccessful. Incapsula incident ID: 1</iframe>",
            ),
        ),
        (
            "AWS WAF",
            page("Human Verification", "<script>window.gokuProps={}</script><div id='challenge-container'></div>"),
        ),
        ("Vercel", page("Vercel Security Checkpoint", "<p>We're verifying your browser</p>")),
        ("Anubis", page("Making sure you&#39;re not a bot!", "<p>Loading...</p>")),
        (
            "Google",
            page("https://www.google.com/", "Our systems have detected unusual traffic from your computer network."),
        ),
        ("nginx", page("403 Forbidden", "<center><h1>403 Forbidden</h1></center><hr><center>nginx</center>")),
        ("scripts wanted", page("OpenAI", "<div id='m'><p>Enable JavaScript and cookies to continue</p></div>")),
        (
            "shell",
            page("Acme", "<noscript>You need to enable JavaScript to run this app.</noscript><div id='root'></div>"),
        ),
        (
            "shell, Japanese",
            page("アクメ", "<noscript>JavaScriptを有効にしてください。</noscript><div id='app'></div>"),
        ),
        ("denied, Japanese", page("アクセスが拒否されました", "<p>このサーバーにアクセスする権限がありません。</p>")),
    ],
)
def test_a_page_that_withholds_another_is_a_challenge(what: str, html: str) -> None:
    assert obstacle(html) == "challenge", what


PASSWORD = "<form action='/session'><input type='password'></form>"


@pytest.mark.parametrize(
    "html",
    [
        page("Sign in | Acme", f"<h1>Sign in to continue</h1>{PASSWORD}"),
        page("Log in - Acme", PASSWORD),
        page("Acme", f"<h1>Please log in</h1>{PASSWORD}"),
        page("Login required", "<form action='https://id.acme-ai.com/saml/start'><button>Go</button></form>"),
        page("ログイン｜アクメ", f"<h1>会員ログイン</h1>{PASSWORD}"),
        page("アクメ", f"<h1>ログインしてください</h1>{PASSWORD}"),
    ],
)
def test_a_page_that_only_asks_who_you_are_is_a_login_wall(html: str) -> None:
    assert obstacle(html) == "login"


@pytest.mark.parametrize(
    "head",
    [
        *(
            "404",
            "404 Not Found",
            "Error 404",
            "Not Found",
            "Page not found",
            "404 - Page Not Found",
            "Oops! Page not found.",
        ),
        *("404: This page could not be found.", "This page could not be found", "Sorry, this page isn't available."),
        *(
            "The page you requested was not found",
            "We can't find the page you're looking for",
            "This page doesn’t exist",
        ),
        *("The page you are looking for does not exist.", "This page no longer exists", "Page unavailable"),
        *(
            "ページが見つかりません",
            "お探しのページは見つかりませんでした",
            "ご指定のページは存在しません",
            "指定されたページが見つかりません。",
        ),
        *(
            "404 ページが見つかりませんでした",
            "このページは存在しません",
            "お探しのページは削除されました",
            "404エラー",
        ),
    ],
)
def test_a_page_that_says_it_is_not_there_is_a_soft_404(head: str) -> None:
    assert obstacle(page(f"{head} | Acme", "<p>Try the home page.</p>")) == "soft-404"
    assert obstacle(page("Acme", f"<h1>{head}</h1><p>Try the home page.</p>")) == "soft-404"


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Before you continue to Acme", "<form><button>Accept all</button></form>"),
        ("Acme", "<h1>We value your privacy</h1><button>Accept</button>"),
        ("Cookie consent | Acme", "<button>Accept</button>"),
        ("Acme | Cookieの設定", "<button>同意する</button>"),
        ("Acmeに進む前に", "<form><button>すべて同意</button></form>"),
    ],
)
def test_a_page_that_asks_for_consent_first_is_a_consent_wall(title: str, body: str) -> None:
    assert obstacle(page(title, body)) == "consent"


@pytest.mark.parametrize(
    "head",
    [
        *("Maintenance", "Under maintenance", "Acme is currently undergoing maintenance.", "Down for maintenance"),
        *("We’ll be back soon!", "500 Internal Server Error", "Error 503: Service Unavailable", "502 Bad Gateway"),
        *("メンテナンス中", "ただいまサーバーメンテナンス中です。", "一時的にご利用いただけません"),
    ],
)
def test_a_page_that_says_that_the_site_is_down_is_an_outage(head: str) -> None:
    assert obstacle(page(f"{head} | Acme", "<p>Please come again.</p>")) == "outage"
    assert obstacle(page("Acme", f"<h1>{head}</h1>")) == "outage"


@pytest.mark.parametrize(
    ("what", "html"),
    [
        ("an article", page("Model 5", f"<h1>Model 5</h1><p>{WORDS}</p>")),
        ("a short page", page("Model 5", "<h1>Model 5</h1><p>It is here.</p>")),
        ("no words at all", page("Model 5", "")),
        ("about 404s", page("How to fix 404 Not Found errors - Acme", "<p>Check the link.</p>")),
        ("about 404s, Japanese", page("「ページが見つかりません」を直す方法", "<p>まずURLを確認します。</p>")),
        ("about challenges", page("Verifying you are human: how Turnstile works", f"<p>{WORDS}</p>")),
        ("long, with the words", page("Access Denied", f"<p>{WORDS}</p><p>{WORDS}</p>")),
        ("about sign-in", page("Sign in with Acme is here", "<p>Put it on your site.</p>")),
        ("a page that is there", page("This page is available", "<p>In three languages.</p>")),
        ("a find", page("The file has been found", "<p>Under the desk.</p>")),
        ("a form in the margin", page("Model 5", f"<h1>Model 5</h1>{PASSWORD}")),
        ("a name that ends so", page("The lost page: not found in any library", "<p>A story.</p>")),
        (
            "let through",
            page("News", f"<p>{WORDS}</p><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"),
        ),
        (
            "let through, empty",
            page("News", "<ul></ul><script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>"),
        ),
        ("DataDome's tag", page("News", "<p>Hi</p><script src='https://js.datadome.co/tags.js'></script>")),
        ("a fallback", page("News", f"<noscript>Please enable JavaScript.</noscript><p>{WORDS}</p>")),
        (
            "a fallback on a short page",
            page("News", "<noscript>Please enable JavaScript.</noscript><p>Model 5 is here.</p>"),
        ),
        (
            "data for scripts",
            page("News", f"<noscript>Enable JavaScript</noscript><script type='application/json'>{WORDS}</script>"),
        ),
        (
            "an article's marks",
            page("Just a moment...", "", "<meta property='article:published_time' content='2026-05-21'>"),
        ),
        ("about maintenance", page("Scheduled maintenance of the API on Sunday", "<p>From 9 to 10.</p>")),
        ("about countries", page("Model 5 is not available in your country yet, and why", "<p>Law.</p>")),
        (
            "a banner before a list",
            page("News", "<h2>We value your privacy</h2><button>OK</button><p>Model 5 is here.</p>"),
        ),
        ("about cookies", page("Cookie settings", "<p>What each of them does.</p>")),
        ("Imperva's tag", page("News", "<p>Hi</p><script src='/_Incapsula_Resource?SWJIYLWA=1'></script>")),
        ("an article's data", page("404", "", '<script type="application/ld+json">{"@type":"NewsArticle"}</script>')),
        ("not a page", '{"title": "Just a moment..."}'),
        ("nothing", ""),
        ("too deep to read", "<div>" * 50_000),
    ],
)
def test_a_real_page_is_no_obstacle(what: str, html: str) -> None:
    assert obstacle(html) is None, what
