"""The installation hands pip's settings to uv, which doesn't read them by itself."""

from include.local_stack.install import parse_pip_config, uv_settings


def test_pips_listing_is_read_and_the_environment_wins_over_files() -> None:
    listing = (
        ":env:.index-url='https://env.example/simple'\n"
        "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'\n"
        "global.index-url='https://file.example/simple'\n"
    )
    assert parse_pip_config(listing) == {
        "index-url": "https://env.example/simple",
        "extra-index-url": "https://a.example/simple https://b.example/simple",
    }


def test_indexes_certificates_and_link_pages_reach_uv() -> None:
    pip = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://a.example/simple https://b.example/simple",
        "find-links": "https://wheels.example",
        "trusted-host": "mirror.example",
        "cert": "ca.pem",
    }
    arguments, environment = uv_settings(pip, {"HOME": "home"})
    assert environment == {
        "HOME": "home",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "SSL_CERT_FILE": "ca.pem",
    }
    assert arguments[arguments.index("--find-links") + 1] == "https://wheels.example"
    assert arguments[arguments.index("--allow-insecure-host") + 1] == "mirror.example"


def test_uvs_own_variables_win() -> None:
    _, environment = uv_settings({"index-url": "https://pip.example"}, {"UV_DEFAULT_INDEX": "https://uv.example"})
    assert environment["UV_DEFAULT_INDEX"] == "https://uv.example"


def test_without_settings_uv_is_left_to_its_defaults() -> None:
    assert uv_settings({}, {}) == (["--index-strategy", "unsafe-best-match"], {})
