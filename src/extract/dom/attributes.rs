//! The attributes that the tree keeps: those that something reads. The others (sources and sizes of pictures, scripts' own
//! data) are three in ten on the development pages, every sixth counted, and each would cost a name and a value. Of
//! formatting elements that are alike and never closed the tree builder keeps three: alike by these.

use html5ever::{LocalName, local_name};

macro_rules! names {
    (known { $($variant:ident = $name:tt,)* } other { $($other:ident = $other_name:literal,)* }) => {
        /// An attribute that extraction reads, or the tree builder.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Attr { $($variant,)* $($other,)* }

        impl Attr {
            /// `None` of one that is here because a publisher's rule asks for it.
            pub fn of(name: &LocalName) -> Option<Attr> {
                match *name {
                    $(local_name!($name) => Some(Attr::$variant),)*
                    _ => match &**name { $($other_name => Some(Attr::$other),)* _ => None },
                }
            }

            pub fn is(self, name: &LocalName) -> bool {
                match self {
                    $(Attr::$variant => *name == local_name!($name),)*
                    $(Attr::$other => **name == *$other_name,)*
                }
            }
        }

        fn usual(name: &str) -> Option<LocalName> {
            match name {
                $($name => Some(local_name!($name)),)*
                $($other_name)|* => Some(name.into()),
                _ => None,
            }
        }
    };
}

// The commonest first.
names! {
    known {
    Class = "class", Href = "href", Id = "id", Rel = "rel", Type = "type", Style = "style", Title = "title", Name = "name",
    Content = "content", Value = "value", Role = "role", AriaLabel = "aria-label", Property = "property",
    AriaHidden = "aria-hidden", Itemprop = "itemprop", Hidden = "hidden", Datetime = "datetime", Lang = "lang",
    XmlLang = "xml:lang", HttpEquiv = "http-equiv",
    // Read by the tree builder: what is in MathML annotations, and which fonts end a drawing.
    Encoding = "encoding", Color = "color", Face = "face", Size = "size",
    } other {
    DataTestid = "data-testid", DataQa = "data-qa", DataComponent = "data-component", DataDatetime = "data-datetime",
    DataTime = "data-time", Pubdate = "pubdate",
    }
}

/// The name of an attribute that is kept, because something here reads it or it is asked for.
pub fn kept(name: &[u8], asked_for: &[LocalName]) -> Option<LocalName> {
    let name = std::str::from_utf8(name).ok()?;
    usual(name).or_else(|| asked_for.iter().find(|asked| **asked == *name).cloned())
}

#[cfg(test)]
mod tests {
    use super::super::{Dom, Tag};
    use super::*;

    #[test]
    fn what_nothing_reads_is_not_kept_unless_it_is_asked_for() {
        let html = "<p data-x=1 CLASS=a onclick=b data-qa=c class=d data-y=2 pubdate>text";
        let kept_of = |asked_for: &[LocalName]| {
            let dom = Dom::parse_with(html, asked_for);
            let p = dom.nodes.iter().find(|node| node.tag == Tag::P).expect("the page has one");
            let usual =
                p.attributes().map(|(name, value)| format!("{name:?}={value}")).collect::<Vec<_>>().join(" ");
            (usual, p.attribute_named(&"data-y".into()).map(str::to_owned))
        };
        let usual = "Class=a DataQa=c Pubdate=".to_owned();
        assert_eq!(kept_of(&[]), (usual.clone(), None));
        assert_eq!(kept_of(&["data-y".into()]), (usual, Some("2".into())));
    }
}
