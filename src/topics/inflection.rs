//! Names in the cases of their languages: "Szwecja" is "Szwecji" in half of what Polish says of Sweden.
//!
//! The endings are the taxonomy's (`[inflections.pl]`); a form that another topic has as its own word is left to it.

use super::schema::{Kind, RawInflection, RawTerm};
use super::taxonomy::Compiler;

/// Shorter names have too many words that look like their forms. A guess, not measured.
const STEM_LETTERS: usize = 3;

/// Adds the forms of every name that is one word of a language with endings.
pub(super) fn add(compiler: &mut Compiler, terms: &[RawTerm], inflections: &[RawInflection]) {
    let is_name = |term: &&RawTerm| {
        let is_plain = !term.text.contains([' ', '*', '-', '\'', '.']);
        matches!(term.kind, Kind::Name | Kind::Capital | Kind::City) && is_plain && term.case.is_none()
    };
    for term in terms.iter().filter(is_name) {
        let Some(language) = term.language.as_deref() else { continue };
        for form in forms(&term.text, language, inflections) {
            compiler.form(term, &form);
        }
    }
}

/// By the longest ending that the name has.
fn forms(name: &str, language: &str, inflections: &[RawInflection]) -> Vec<String> {
    let own = inflections.iter().filter(|i| i.language == language);
    let longest = own.filter(|i| name.ends_with(&i.ending)).max_by_key(|i| i.ending.len());
    let Some(inflection) = longest else { return Vec::new() };
    let stem = name.strip_suffix(inflection.ending.as_str()).unwrap_or(name);
    if stem.chars().count() < STEM_LETTERS {
        return Vec::new();
    }
    inflection.forms.iter().map(|form| format!("{stem}{form}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_ending_decides() {
        let rule = |ending: &str, forms: &[&str]| RawInflection {
            language: "pl".to_owned(),
            ending: ending.to_owned(),
            forms: forms.iter().map(ToString::to_string).collect(),
        };
        let rules = [rule("a", &["y"]), rule("ja", &["ji", "ję"]), rule("", &["u"])];
        assert_eq!(forms("Szwecja", "pl", &rules), ["Szwecji", "Szwecję"]);
        assert_eq!(forms("Kanada", "pl", &rules), ["Kanady"]);
        assert_eq!(forms("Iran", "pl", &rules), ["Iranu"]);
        assert_eq!(forms("Goa", "pl", &rules), [""; 0], "too short");
        assert_eq!(forms("Kanada", "cs", &rules), [""; 0], "another language");
    }
}
