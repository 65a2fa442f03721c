#!/usr/bin/env python3
"""topics_names.py CLDR_MAIN I18N_LANGS: writes config/topics/names-*.toml, the names of countries by language.

CLDR_MAIN   the folder `main` of the npm package cldr-localenames-full (Unicode licence)
I18N_LANGS  the folder `langs` of the npm package i18n-iso-countries (MIT)

    npm install --prefix SCRATCH cldr-localenames-full i18n-iso-countries
    tools/topics_names.py SCRATCH/node_modules/cldr-localenames-full/main SCRATCH/node_modules/i18n-iso-countries/langs

A spelling that names two countries in one language, or that ambiguous.toml decides, is left out: an editor decides.
Hand-made terms of a language belong in words-LANGUAGE.toml, which no script touches.
"""
import json, pathlib, re, sys, tomllib, unicodedata

TOPICS = pathlib.Path(__file__).parent.parent / "config" / "topics"
# Languages of news, and the CLDR locales that each takes its names from.
LANGUAGES = {
    "ar": ["ar"], "bg": ["bg"], "cs": ["cs"], "da": ["da"], "de": ["de"], "el": ["el"], "es": ["es"], "fa": ["fa"],
    "fi": ["fi"], "fr": ["fr"], "he": ["he"], "hi": ["hi"], "hu": ["hu"], "id": ["id"], "it": ["it"], "ja": ["ja"],
    "ko": ["ko"], "nl": ["nl"], "no": ["no"], "pl": ["pl"], "pt": ["pt", "pt-PT"], "ro": ["ro"], "ru": ["ru"],
    "sv": ["sv"], "th": ["th"], "tr": ["tr"], "uk": ["uk"], "vi": ["vi"], "zh": ["zh", "zh-Hant", "zh-Hant-HK"],
}
# Ordinary words of the language, seen to cost more than they give; words-*.toml may bring them back with a context.
ORDINARY = {
    "ko": {"수단", "인도", "오만", "가나", "이란", "팔라우", "기니", "차드", "통가", "말리", "괌", "페루"},
    "ja": {"タイ", "マリ", "チリ", "トーゴ", "オマーン国", "チャド"}, "zh": {"马里", "乍得", "秘鲁国", "多哥", "关岛"},
    "th": {"ลาว", "มาลี", "ไทย"}, "vi": {"Ý", "Anh", "Mỹ", "Đức", "Úc", "Áo", "Lào"}, "fr": {"Maurice", "Chypre du Nord", "Oman"},
    "de": {"Niger Republik"}, "fi": {"Mali", "Venäjä "}, "tr": {"Umman", "Çad", "Mali", "Katar"}, "id": {"Mali", "Turki"},
    "pl": {"Mali", "Czad", "Oman"}, "hu": {"Mali"}, "cs": {"Mali"}, "it": {"Mali"}, "no": {"Mali"}, "pt": {"Mali"},
    "es": set(), "ar": {"مالي", "عمان", "تشاد", "النيجر ", "توغو"}, "fa": {"مالی", "عمان"}, "he": {"מאלי", "עומאן", "פרו", "ניו"},
    "hi": {"माली", "चाड", "ओमान"}, "ru": {"Чад", "Мали", "Оман"}, "uk": {"Чад", "Малі", "Оман"}, "bg": {"Мали", "Чад"},
}


def folded(name):
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return plain.lower().replace("’", "'").replace("‘", "'").replace("ʼ", "'")


def cldr_names(main, locales):
    for locale in locales:
        path = main / locale / "territories.json"
        names = json.loads(path.read_text())["main"][locale]["localeDisplayNames"]["territories"]
        for key, name in names.items():
            if re.fullmatch(r"[A-Z]{2}(-alt-(short|variant))?", key):
                yield key[:2].lower(), name


def i18n_names(folder, language):
    path = folder / f"{language}.json"
    if not path.exists():
        return
    for code, names in json.loads(path.read_text())["countries"].items():
        for name in names if isinstance(names, list) else [names]:
            yield code.lower(), name


def clean(name):
    """Drops what CLDR adds for lists: "Hongkong (SAR)", "中国香港特别行政区" stays out by length."""
    name = re.sub(r"\s*[\(（\[].*?[\)）\]]", "", name).strip()
    name = re.sub(r"^(République|Republik|República|Repubblica) de(l|lla|i)? ?$", "", name)
    return "" if re.search(r"[,:;&]", name) else name


def is_usable(language, name):
    letters = sum(c.isalnum() for c in name)
    is_short = letters < 3 if name.isascii() or re.match(r"[A-Za-zÀ-ɏ]", name) else letters < 2
    return letters and not is_short and name not in ORDINARY.get(language, ()) and len(name) < 40


def main():
    cldr, i18n = map(pathlib.Path, sys.argv[1:3])
    countries = {t["id"].split(":")[1] for t in tomllib.loads((TOPICS / "countries.toml").read_text())["topic"]}
    ambiguous = tomllib.loads((TOPICS / "ambiguous.toml").read_text())["ambiguous"]
    decided = {folded(term) for entry in ambiguous for term in entry["terms"]}
    for language, locales in LANGUAGES.items():
        owners = {}
        for code, name in [*cldr_names(cldr, locales), *i18n_names(i18n, language)]:
            name = clean(name)
            if code in countries and is_usable(language, name) and folded(name) not in decided:
                owners.setdefault(folded(name), {}).setdefault(code, name)
        by_country = {}
        for spellings in owners.values():
            if len(spellings) == 1:
                (code, name), = spellings.items()
                by_country.setdefault(code, []).append(name)
        lines = [f"# Names of countries, made by tools/topics_names.py: edit words-{language}.toml instead.",
                 f'language = "{language}"', "", "[names]"]
        for code in sorted(by_country):
            names = ", ".join(json.dumps(name, ensure_ascii=False) for name in by_country[code])
            lines.append(f'"country:{code}" = [{names}]')
        (TOPICS / f"names-{language}.toml").write_text("\n".join(lines) + "\n")
        print(language, sum(map(len, by_country.values())))


main()
