from ricarica.web.headers import content_security_policy


def test_nothing_inline_and_nothing_from_elsewhere_may_run() -> None:
    policy = content_security_policy()

    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_only_pictures_may_come_from_the_operators_tile_server() -> None:
    policy = content_security_policy("https://{s}.tiles.example.org/{z}/{x}/{y}.png?key=1")

    assert "img-src 'self' https://*.tiles.example.org;" in policy
    assert policy.count("example.org") == 1
