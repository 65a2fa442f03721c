//! One walk over the tree that notes everything the field readers ask for later.

use super::json_ld::{self, JsonLd};
use crate::extract::dom::{Attr, Dom, Tag};
use url::Url;

/// Shorter scripts hold no article.
const MIN_DATA_SCRIPT_BYTES: usize = 500;

/// `<link rel=… href=…>`.
pub struct LinkTag {
    /// Lower case, as written otherwise.
    pub rel: String,
    pub href: String,
}

/// `<meta name=… content=…>`; `property`, `itemprop` and `http-equiv` count as names.
pub struct MetaTag {
    /// Lower case.
    pub name: String,
    pub content: String,
}

/// What the page says about itself outside its text, and where the marked-up places are.
pub struct Evidence {
    pub page_url: Url,
    /// `<base href>`, else the page's URL: relative links are relative to it.
    pub base: Url,
    pub metas: Vec<MetaTag>,
    pub links: Vec<LinkTag>,
    pub json_ld: JsonLd,
    pub html_lang: Option<String>,
    pub title_tag: Option<String>,
    /// Nodes by kind, in document order.
    pub h1: Vec<usize>,
    pub times: Vec<usize>,
    pub inputs: Vec<usize>,
    pub images: Vec<usize>,
    /// Elements with `itemprop`.
    pub itemprops: Vec<usize>,
    /// Elements with `class`, `id`, `rel` or `data-*` attributes that read like a byline or a date.
    pub hinted: Vec<usize>,
    /// Other scripts that are long enough to hold the page's state. Only looked into where the markup lacks something.
    pub data_scripts: Vec<usize>,
    pub body: usize,
}

impl Evidence {
    pub fn gather(dom: &Dom, page_url: &Url) -> Evidence {
        let mut evidence = Evidence {
            page_url: page_url.clone(),
            base: page_url.clone(),
            metas: Vec::new(),
            links: Vec::new(),
            json_ld: JsonLd::default(),
            html_lang: None,
            title_tag: None,
            h1: Vec::new(),
            times: Vec::new(),
            inputs: Vec::new(),
            images: Vec::new(),
            itemprops: Vec::new(),
            hinted: Vec::new(),
            data_scripts: Vec::new(),
            body: 0,
        };
        let mut json_ld_scripts = Vec::new();
        for id in 0..dom.nodes.len() {
            evidence.note(dom, id, &mut json_ld_scripts);
        }
        evidence.json_ld = json_ld::read(&json_ld_scripts, page_url);
        evidence
    }

    fn note(&mut self, dom: &Dom, id: usize, json_ld_scripts: &mut Vec<String>) {
        let node = dom.node(id);
        match node.tag {
            Tag::Text | Tag::Document => return,
            Tag::Html => {
                self.html_lang =
                    node.attribute(Attr::Lang).or(node.attribute(Attr::XmlLang)).map(str::to_owned)
            }
            Tag::Body if self.body == 0 => self.body = id,
            Tag::Meta => self.note_meta(dom, id, json_ld_scripts),
            Tag::Link => self.note_link(dom, id),
            Tag::Title if self.title_tag.is_none() => {
                let inside_svg = dom.ancestors(id).any(|a| dom.node(a).tag == Tag::Svg);
                self.title_tag = Some(dom.text_of(id)).filter(|t| !t.is_empty() && !inside_svg);
            }
            Tag::Script => self.note_script(dom, id, json_ld_scripts),
            Tag::H1 => self.h1.push(id),
            Tag::Time => self.times.push(id),
            Tag::Input => self.inputs.push(id),
            Tag::Img => self.images.push(id),
            _ => {}
        }
        let mut is_hinted = false;
        for (name, value) in node.attributes() {
            match name {
                Attr::Itemprop => self.itemprops.push(id),
                Attr::Class | Attr::Id | Attr::Rel | Attr::DataTestid | Attr::DataQa => {
                    is_hinted |= super::hints::is_hint(value)
                }
                _ => {}
            }
        }
        if is_hinted {
            self.hinted.push(id);
        }
    }

    fn note_meta(&mut self, dom: &Dom, id: usize, json_ld_scripts: &mut Vec<String>) {
        let node = dom.node(id);
        let Some(content) = node.attribute(Attr::Content).or(node.attribute(Attr::Value)) else { return };
        // Remix writes JSON-LD so where a page's metas are made without its script.
        if node.attribute(Attr::Name) == Some("script:ld+json") {
            json_ld_scripts.push(content.to_owned());
            return;
        }
        for key in [Attr::Name, Attr::Property, Attr::Itemprop, Attr::HttpEquiv] {
            if let Some(name) = node.attribute(key) {
                let content = content.trim().to_owned();
                self.metas.push(MetaTag { name: name.trim().to_ascii_lowercase(), content });
            }
        }
    }

    fn note_link(&mut self, dom: &Dom, id: usize) {
        let node = dom.node(id);
        if let (Some(rel), Some(href)) = (node.attribute(Attr::Rel), node.attribute(Attr::Href)) {
            self.links.push(LinkTag { rel: rel.to_ascii_lowercase(), href: href.trim().to_owned() });
        }
    }

    fn note_script(&mut self, dom: &Dom, id: usize, json_ld_scripts: &mut Vec<String>) {
        let kind = dom.node(id).attribute(Attr::Type).unwrap_or_default().to_ascii_lowercase();
        let Some(text) = dom.children(id).next().map(|child| dom.node(child).text()) else { return };
        if kind.contains("ld+json") {
            json_ld_scripts.push(text.to_owned());
        } else if text.len() > MIN_DATA_SCRIPT_BYTES {
            self.data_scripts.push(id);
        }
    }

    /// The first non-empty `<meta>` of these names, earlier names first.
    pub fn meta(&self, names: &[&str]) -> Option<(&str, &str)> {
        names.iter().find_map(|name| {
            let meta = self.metas.iter().find(|m| m.name == *name && !m.content.is_empty())?;
            Some((meta.name.as_str(), meta.content.as_str()))
        })
    }

    /// All non-empty contents of one name.
    pub fn all_metas<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.metas.iter().filter(move |m| m.name == name && !m.content.is_empty()).map(|m| m.content.as_str())
    }

    /// An absolute http(s) URL from a link of the page.
    pub fn absolute(&self, href: &str) -> Option<String> {
        let href = href.trim();
        if href.is_empty() || href.starts_with('#') {
            return None;
        }
        let url = self.base.join(href).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| url.to_string())
    }
}
