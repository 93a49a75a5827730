"""The page about the command is written from the command."""

from headgate.cli import docs


def test_every_command_is_on_the_page() -> None:
    page = docs.page()
    for words in (
        "status",
        "gate",
        "sandbox up",
        "sandbox down",
        "sandbox status",
        "sandbox env",
        "rehearse demo",
        "rehearse ion",
    ):
        assert f"## `headgate {words}`" in page
    assert "| `--stack`, `-s` |  | The stack; the selected one if left out. |" in page
    assert "| `--hours` | `12.0` |" in page


def test_the_page_is_up_to_date() -> None:
    assert docs.PAGE.read_text() == docs.page(), "run: make docs"
