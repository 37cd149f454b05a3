"""Articles and folders of articles for tests."""

from pathlib import Path

FRONT = "---\ntitle: {title}\ntopics: [{topics}]\nupdated: 2026-03-01\n---\n"


def article(body: str, title: str = "Returns", topics: str = "returns") -> str:
    return FRONT.format(title=title, topics=topics) + body


def fill(folder: Path, **bodies: str) -> Path:
    """Write `name.md` for each body, with a title made of its name; underscores become hyphens."""
    folder.mkdir(exist_ok=True)
    for name, body in bodies.items():
        title = name.replace("_", " ").capitalize()
        (folder / f"{name.replace('_', '-')}.md").write_text(article(body, title, name), encoding="utf-8")
    return folder
