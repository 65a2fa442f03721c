//! The elements that extraction tells apart, as one byte.

use html5ever::{LocalName, local_name};

macro_rules! tags {
    ($($variant:ident = $name:tt,)*) => {
        /// An element's name; `Other` for those that nothing asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Tag { $($variant,)* Other, Text, Document }

        impl Tag {
            pub fn of(name: &LocalName) -> Tag {
                match *name { $(local_name!($name) => Tag::$variant,)* _ => Tag::Other }
            }

            /// The element of a lower-case name, where it is one that is told apart.
            pub fn named(name: &str) -> Option<Tag> {
                match name { $($name => Some(Tag::$variant),)* _ => None }
            }
        }
    };
}

tags! {
    A = "a", Abbr = "abbr", Address = "address", Article = "article", Aside = "aside", Audio = "audio", B = "b",
    Blockquote = "blockquote", Body = "body", Br = "br", Button = "button", Canvas = "canvas", Caption = "caption",
    Center = "center", Cite = "cite", Code = "code", Dd = "dd", Details = "details", Dialog = "dialog", Div = "div",
    Dl = "dl", Dt = "dt", Em = "em", Embed = "embed", Fieldset = "fieldset", Figcaption = "figcaption",
    Figure = "figure", Font = "font", Footer = "footer", Form = "form", Frame = "frame", Frameset = "frameset",
    H1 = "h1", H2 = "h2", H3 = "h3", H4 = "h4", H5 = "h5", H6 = "h6", Head = "head", Header = "header", Hr = "hr",
    Html = "html", I = "i", Iframe = "iframe", Img = "img", Input = "input", Label = "label", Legend = "legend",
    Li = "li", Link = "link", Main = "main", Math = "math", Menu = "menu", Meta = "meta", Nav = "nav",
    Noscript = "noscript", Object = "object", Ol = "ol", Option = "option", P = "p", Picture = "picture",
    Pre = "pre", Q = "q", Rp = "rp", Rt = "rt", Script = "script", Section = "section", Select = "select",
    Small = "small", Source = "source", Span = "span", Strong = "strong", Style = "style", Summary = "summary",
    Svg = "svg", Table = "table", Tbody = "tbody", Td = "td", Template = "template", Textarea = "textarea",
    Tfoot = "tfoot", Th = "th", Thead = "thead", Time = "time", Title = "title", Tr = "tr", Ul = "ul",
    Video = "video",
}

impl Tag {
    pub fn is_heading(self) -> bool {
        matches!(self, Tag::H1 | Tag::H2 | Tag::H3 | Tag::H4 | Tag::H5 | Tag::H6)
    }

    /// Begins and ends a block of text.
    pub fn is_block(self) -> bool {
        use Tag::*;
        self.is_heading()
            || matches!(
                self,
                Address
                    | Article
                    | Aside
                    | Blockquote
                    | Body
                    | Caption
                    | Center
                    | Dd
                    | Details
                    | Dialog
                    | Div
                    | Dl
                    | Dt
                    | Fieldset
                    | Figcaption
                    | Figure
                    | Footer
                    | Form
                    | Header
                    | Hr
                    | Legend
                    | Li
                    | Main
                    | Menu
                    | Nav
                    | Ol
                    | P
                    | Pre
                    | Section
                    | Summary
                    | Table
                    | Tbody
                    | Td
                    | Tfoot
                    | Th
                    | Thead
                    | Tr
                    | Ul
                    | Option
                    | Html
                    | Frameset
                    | Iframe
                    | Video
                    | Audio
                    | Noscript
            )
    }

    /// Holds no text for a reader: code, styles, form controls, drawings.
    pub fn is_never_read(self) -> bool {
        use Tag::*;
        matches!(
            self,
            Script
                | Style
                | Template
                | Noscript
                | Svg
                | Math
                | Iframe
                | Object
                | Embed
                | Select
                | Textarea
                | Button
                | Canvas
                | Head
                | Title
                | Option
                | Rp
                | Rt
                | Video
                | Audio
        )
    }
}
