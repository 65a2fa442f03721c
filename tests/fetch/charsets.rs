//! Pages in many encodings, honestly labelled, wrongly labelled and not labelled: what was written is what is read.

use encoding_rs::Encoding;
use newswire::extract::charset::decode;
use std::collections::BTreeSet;

const ENGLISH: &str = "The council’s “new” plan costs £5 – or €6 – a head, said José Müller.";
const GERMAN: &str =
    "Der Bürgermeister erklärte gestern, die Straße werde über Ostern für Fußgänger geöffnet.";
const FRENCH: &str = "Le préfet a annoncé hier que l’élection à Besançon serait repoussée à l’été prochain.";
/// With the sign that ISO-8859-15 was made for, and without the apostrophe that it lacks.
const FRENCH_PLAIN: &str =
    "Le préfet a annoncé hier que le cœur de Besançon coûterait 3 € de plus à partir de août.";
const POLISH: &str = "Rząd ogłosił wczoraj, że żłobki będą otwarte także w święta, a ceny wzrosną o połowę.";
const CZECH: &str = "Vláda včera oznámila, že příští týden zůstanou školy zavřené kvůli silnému větru.";
const RUSSIAN: &str = "Правительство вчера объявило, что новые правила вступят в силу на следующей неделе.";
const UKRAINIAN: &str =
    "Уряд учора оголосив, що нові правила наберуть чинності наступного тижня, її підтримали.";
const GREEK: &str = "Η κυβέρνηση ανακοίνωσε χθες ότι τα νέα μέτρα θα ισχύσουν από την επόμενη εβδομάδα.";
const TURKISH: &str =
    "Hükümet dün yeni kuralların önümüzdeki hafta yürürlüğe gireceğini açıkladı, şöyle dedi.";
const HEBREW: &str = "הממשלה הודיעה אתמול כי הכללים החדשים ייכנסו לתוקף בשבוע הבא, כך נמסר מירושלים.";
const ARABIC: &str = "أعلنت الحكومة أمس أن القواعد الجديدة ستدخل حيز التنفيذ الأسبوع المقبل في العاصمة.";
const LITHUANIAN: &str =
    "Vyriausybė vakar paskelbė, kad naujos taisyklės įsigalios kitą savaitę, čia žmonių daug.";
const VIETNAMESE: &str = "Chính phủ hôm qua thông báo";
const THAI: &str = "รัฐบาลประกาศเมื่อวานนี้ว่ากฎใหม่จะมีผลบังคับใช้ในสัปดาห์หน้า";
const KOREAN: &str = "정부는 어제 새로운 규정이 다음 주부터 시행된다고 발표했다. 국회는 이를 환영했다.";
/// Syllables that only the extension of EUC-KR has.
const KOREAN_RARE: &str = "펲시콜라와 똠방각하가 나온다. 정부는 어제 새로운 규정을 발표했다.";
const JAPANESE: &str = "政府は昨日、新しい規則が来週から施行されると発表した。国会もこれを歓迎している。";
const CHINESE: &str = "政府昨天宣布，新的规定将于下周开始实施，全国各地的市民对此表示欢迎。";
/// Outside GBK's two-byte plane.
const CHINESE_RARE: &str = "政府昨天宣布，𠮷野家將於下周開業，全国各地的市民对此表示欢迎。";
const TAIWANESE: &str = "政府昨天宣布，新的規定將於下週開始實施，全國各地的市民對此表示歡迎。";
const ROMANIAN: &str = "Guvernul a anunţat ieri că noile reguli vor intra în vigoare săptămâna viitoare.";

/// A page: its true encoding, what the header and the meta say, and its text.
struct Row(&'static str, Option<&'static str>, Option<&'static str>, &'static str);

fn encoding(label: &str) -> &'static Encoding {
    Encoding::for_label(label.as_bytes()).unwrap_or_else(|| panic!("{label} is no encoding"))
}

fn encoded(label: &str, text: &str) -> Vec<u8> {
    let units = |text: &str, to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
    match label {
        "utf-16le" => units(text, u16::to_le_bytes),
        "utf-16be" => units(text, u16::to_be_bytes),
        "utf-8 with mark" => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        "utf-16le with mark" => [b"\xff\xfe".to_vec(), units(text, u16::to_le_bytes)].concat(),
        "utf-16be with mark" => [b"\xfe\xff".to_vec(), units(text, u16::to_be_bytes)].concat(),
        _ => {
            let (bytes, _, is_lossy) = encoding(label).encode(text);
            assert!(!is_lossy, "{label} cannot write {text}");
            bytes.into_owned()
        }
    }
}

fn page(row: &Row, before_meta: &str) -> Vec<u8> {
    let meta = row.2.map(|label| format!("<meta charset=\"{label}\">")).unwrap_or_default();
    let html = format!(
        "<!doctype html><html><head>{before_meta}{meta}<title>A</title></head><body><p>{}</p>",
        row.3
    );
    encoded(row.0, &html)
}

fn check(row: &Row, before_meta: &str) -> Option<String> {
    let header = row.1.map(|label| format!("text/html; charset={label}"));
    let page = page(row, before_meta);
    let decoded = decode(&page, header.as_deref());
    let is_right = decoded.text.contains(row.3) && decoded.replaced == 0;
    let told = format!("{} (header {:?}, meta {:?}) read as {}", row.0, row.1, row.2, decoded.charset);
    (!is_right).then(|| format!("{told}: {:.300}", decoded.text))
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let texts = [
        ("utf-8", GERMAN),
        ("windows-1252", ENGLISH),
        ("iso-8859-15", FRENCH_PLAIN),
        ("windows-1250", POLISH),
        ("iso-8859-2", CZECH),
        ("iso-8859-16", ROMANIAN_COMMA),
        ("windows-1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("koi8-u", UKRAINIAN),
        ("iso-8859-5", RUSSIAN),
        ("ibm866", RUSSIAN),
        ("x-mac-cyrillic", RUSSIAN),
        ("windows-1253", GREEK),
        ("iso-8859-7", GREEK),
        ("windows-1254", TURKISH),
        ("windows-1255", HEBREW),
        ("iso-8859-8", HEBREW),
        ("windows-1256", ARABIC),
        ("iso-8859-6", ARABIC_PLAIN),
        ("windows-1257", LITHUANIAN),
        ("iso-8859-13", LITHUANIAN),
        ("iso-8859-4", LITHUANIAN),
        ("iso-8859-10", LITHUANIAN),
        ("macintosh", ENGLISH),
        ("windows-874", THAI),
        ("euc-kr", KOREAN),
        ("euc-kr", KOREAN_RARE),
        ("shift_jis", JAPANESE),
        ("euc-jp", JAPANESE),
        ("iso-2022-jp", JAPANESE),
        ("gbk", CHINESE),
        ("gb18030", CHINESE_RARE),
        ("big5", TAIWANESE),
    ];
    // Named honestly, by the header or by the meta.
    for (label, text) in texts {
        rows.push(Row(label, Some(label), None, text));
        rows.push(Row(label, None, Some(label), text));
    }
    rows
}

/// With the comma below that ISO-8859-16 was made for.
const ROMANIAN_COMMA: &str =
    "Guvernul a anunțat ieri că noile reguli vor intra în vigoare săptămâna viitoare, și-a spus.";
const ARABIC_PLAIN: &str = ARABIC;

#[test]
fn pages_in_thirty_encodings_read_as_they_were_written() {
    let rows = rows();
    let encodings: BTreeSet<_> = rows.iter().map(|row| encoding(row.0).name()).collect();
    assert!(encodings.len() >= 25 && rows.len() >= 40, "{} in {}", rows.len(), encodings.len());
    let wrong: Vec<String> = rows.iter().filter_map(|row| check(row, "")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn labels_that_are_spelled_or_placed_oddly() {
    let far = format!("<!-- {} --><script>var a = '<meta charset=koi8-r>';</script>", "much ".repeat(2000));
    let rows = [
        Row("euc-kr", None, Some("ks_c_5601-1987"), KOREAN),
        Row("euc-kr", Some("EUC-KR\""), None, KOREAN),
        Row("shift_jis", None, Some("x-sjis"), JAPANESE),
        Row("gbk", Some("gb2312"), None, CHINESE),
        Row("gb18030", None, Some("GB2312"), CHINESE_RARE),
        Row("windows-1252", None, Some("iso-8859-1"), ENGLISH),
        Row("windows-1251", None, Some(" windows-1251 "), RUSSIAN),
        Row("utf-8", Some("utf8"), None, GERMAN),
    ];
    let wrong = rows.iter().flat_map(|row| [check(row, ""), check(row, &far)]).flatten();
    let mut wrong: Vec<String> = wrong.collect();
    let tags = [
        "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>",
        "<META CONTENT=\"text/html;charset=Windows-1251\" HTTP-EQUIV=\"content-type\" />",
        "<meta name=description content='a charset=koi8-r page'><meta charset=windows-1251>",
        "<!-- <meta charset=koi8-r> --><meta charset = 'windows-1251'>",
        "<meta charset=><meta charset=no-such><meta charset=windows-1251>",
    ];
    wrong.extend(tags.iter().filter_map(|tag| check(&Row("windows-1251", None, None, RUSSIAN), tag)));
    wrong.extend(check(&Row("koi8-r", None, None, RUSSIAN), "<?xml version='1.0' encoding='koi8-r'?>"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_label_that_is_wrong_is_not_believed_where_the_bytes_tell() {
    let rows = [
        // A server's default over a page that knows better.
        Row("utf-8", Some("iso-8859-1"), Some("utf-8"), GERMAN),
        Row("utf-8", Some("iso-8859-1"), None, FRENCH),
        Row("utf-8", Some("windows-1251"), None, RUSSIAN),
        Row("utf-8", None, Some("iso-8859-1"), KOREAN),
        Row("utf-8", Some("euc-kr"), Some("euc-kr"), KOREAN),
        Row("windows-1251", Some("iso-8859-1"), Some("windows-1251"), RUSSIAN),
        Row("euc-kr", Some("iso-8859-1"), Some("euc-kr"), KOREAN),
        // UTF-8 promised and not kept.
        Row("euc-kr", Some("utf-8"), Some("euc-kr"), KOREAN),
        Row("windows-1252", Some("utf-8"), None, ENGLISH),
        Row("windows-1253", None, Some("utf-8"), GREEK),
        Row("shift_jis", Some("utf-8"), None, JAPANESE),
        Row("big5", Some("utf-8"), Some("big5"), TAIWANESE),
        Row("windows-1250", Some("utf-8"), Some("windows-1250"), POLISH),
        Row("iso-8859-2", Some("utf-8"), Some("iso-8859-2"), CZECH),
        // UTF-16 told of bytes that are not, and not told of bytes that are.
        Row("utf-8", Some("utf-16"), None, GERMAN),
        Row("utf-8", None, Some("utf-16le"), GERMAN),
        Row("windows-1251", Some("utf-16"), Some("windows-1251"), RUSSIAN),
        Row("utf-16le", None, None, KOREAN),
        Row("utf-16be", None, Some("utf-8"), RUSSIAN),
        Row("utf-16le", Some("iso-8859-1"), None, GERMAN),
        // The mark wins over whatever is said.
        Row("utf-8 with mark", Some("iso-8859-1"), Some("koi8-r"), GERMAN),
        Row("utf-16le with mark", Some("utf-8"), Some("utf-8"), RUSSIAN),
        Row("utf-16be with mark", None, None, JAPANESE),
        // Labels that nobody reads any more.
        Row("euc-kr", Some("iso-2022-kr"), None, KOREAN),
        Row("gbk", None, Some("hz-gb-2312"), CHINESE),
    ];
    let wrong: Vec<String> = rows.iter().filter_map(|row| check(row, "")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_nobody_labels_is_detected() {
    let texts = [
        ("utf-8", VIETNAMESE),
        ("utf-8", THAI),
        ("windows-1252", GERMAN),
        ("windows-1251", RUSSIAN),
        ("koi8-r", RUSSIAN),
        ("koi8-u", UKRAINIAN),
        ("windows-1253", GREEK),
        ("windows-1255", HEBREW),
        ("windows-1256", ARABIC),
        ("windows-874", THAI),
        ("windows-1250", POLISH),
        ("windows-1254", TURKISH),
        ("euc-kr", KOREAN),
        ("shift_jis", JAPANESE),
        ("euc-jp", JAPANESE),
        ("iso-2022-jp", JAPANESE),
        ("gbk", CHINESE),
        ("big5", TAIWANESE),
        ("windows-1250", ROMANIAN),
    ];
    let rows = texts.map(|(label, text)| Row(label, None, None, text));
    let wrong: Vec<String> = rows.iter().filter_map(|row| check(row, "")).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bytes_that_are_none_of_them_are_counted() {
    for (bytes, header) in [
        (
            b"<p>abc\xff\xfe\xfd \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9</p>".as_slice(),
            Some("text/html; charset=utf-8"),
        ),
        (b"<meta charset=utf-8><p>caf\xc3\xa9 \xc3</p> \xe2\x82\xac \xe2\x82\xac", None),
    ] {
        let decoded = decode(bytes, header);
        assert!(decoded.replaced > 0, "{decoded:?}");
    }
    let damaged = decode(b"<p>\xc3\xa9\xc3\xa9 \xff</p>", Some("text/html; charset=utf-8"));
    assert_eq!((damaged.replaced, damaged.charset), (1, "UTF-8"));
}
