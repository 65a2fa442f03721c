//! Images that the page names as the article's.

use super::evidence::Evidence;
use crate::record::Image;
use serde_json::Value;

/// More is a gallery, not an article's images (a guess).
const MAX_IMAGES: usize = 20;

pub fn read(evidence: &Evidence) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    let mut add = |image: Image| {
        if images.len() < MAX_IMAGES && !images.iter().any(|i| i.url == image.url) {
            images.push(image);
        }
    };
    open_graph(evidence).into_iter().for_each(&mut add);
    if let Some(value) = evidence.json_ld.value("image").filter(|_| evidence.json_ld.is_article()) {
        json_ld(evidence, value).into_iter().for_each(&mut add);
    }
    for name in ["twitter:image", "twitter:image:src"] {
        evidence.all_metas(name).filter_map(|url| plain_image(evidence, url)).for_each(&mut add);
    }
    images
}

fn plain_image(evidence: &Evidence, url: &str) -> Option<Image> {
    Some(Image { url: evidence.absolute(url)?, width: None, height: None, caption: None })
}

/// `og:image` begins an image; the properties behind it belong to it.
fn open_graph(evidence: &Evidence) -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    for meta in &evidence.metas {
        match meta.name.as_str() {
            "og:image" | "og:image:url" => images.extend(plain_image(evidence, &meta.content)),
            "og:image:width" => set(&mut images, |i| i.width = pixels(&meta.content)),
            "og:image:height" => set(&mut images, |i| i.height = pixels(&meta.content)),
            "og:image:alt" => set(&mut images, |i| i.caption = text(&meta.content)),
            _ => {}
        }
    }
    images
}

fn set(images: &mut [Image], change: impl FnOnce(&mut Image)) {
    if let Some(last) = images.last_mut() {
        change(last);
    }
}

fn pixels(content: &str) -> Option<u32> {
    content.trim().trim_end_matches("px").parse().ok().filter(|p| (1..100_000).contains(p))
}

fn text(content: &str) -> Option<String> {
    Some(super::plain(content)).filter(|t| !t.is_empty())
}

fn json_ld(evidence: &Evidence, value: &Value) -> Vec<Image> {
    match value {
        Value::String(url) => plain_image(evidence, url).into_iter().collect(),
        Value::Array(items) => {
            items.iter().take(MAX_IMAGES).flat_map(|item| json_ld(evidence, item)).collect()
        }
        Value::Object(_) => {
            let map = evidence.json_ld.resolve(value);
            let url = map.get("url").or_else(|| map.get("contentUrl")).or_else(|| map.get("@id"));
            let Some(mut image) = url.and_then(Value::as_str).and_then(|u| plain_image(evidence, u)) else {
                return Vec::new();
            };
            let size = |key: &str| match map.get(key) {
                Some(Value::Number(n)) => n.as_u64().and_then(|n| u32::try_from(n).ok()),
                Some(Value::String(s)) => pixels(s),
                _ => None,
            };
            (image.width, image.height) = (size("width"), size("height"));
            image.caption = map.get("caption").and_then(Value::as_str).and_then(text);
            vec![image]
        }
        _ => Vec::new(),
    }
}
