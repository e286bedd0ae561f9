"""What `vad list` prints: every name of a study."""

from textwrap import shorten

from ...study.loader import Study


def print_study(study: Study) -> None:
    """Every name of the study with what its file says of itself."""
    from ...engines.profiles import load_profiles

    programs: list[str] = []
    signatures: list[str] = []
    for name in study.names("signatures", ".py"):
        exports = study.assigned("signatures", name)
        (
            programs if exports & {"value", "action", "both", "level", "competing"} else signatures
        ).append(name)
    sections = (
        (
            "experiments",
            "experiments",
            ".toml",
            [name for name in study.names("experiments", ".toml") if name != "models"],
        ),
        ("programs", "signatures", ".py", programs),
        ("signatures", "signatures", ".py", signatures),
        ("questions", "signatures", ".toml", study.names("signatures", ".toml")),
        ("formats", "personas", ".py", study.names("personas", ".py")),
        ("personas", "personas", ".toml", study.names("personas", ".toml")),
        ("objectives", "objectives", ".py", study.names("objectives", ".py")),
        ("releases to import", "scenarios", ".py", study.names("scenarios", ".py")),
    )
    rows = {
        title: [(name, study.about(study.root / folder / f"{name}{suffix}")) for name in names]
        for title, folder, suffix, names in sections
    }
    rows["scenarios"] = [
        (name, f"{sum(1 for line in study.read(path).splitlines() if line.strip())} scenarios")
        for name in study.names("scenarios", ".jsonl")
        for path in [study.root / "scenarios" / f"{name}.jsonl"]
    ]
    rows["models"] = [
        (name, f"{model.engine}: {model.about or model.weights}")
        for name, model in load_profiles(study).items()
    ]
    width = max(len(name) for section in rows.values() for name, _ in section)
    for title, section in rows.items():
        print(title)
        for name, about in section:
            print(f"  {name:{width}}  {shorten(about, 96 - width, placeholder=' ...')}")
