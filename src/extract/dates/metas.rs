//! The names under which metas tell dates.

/// Names of metas that tell the publication, most telling first; names are compared in lower case.
pub const PUBLISHED_METAS: [&str; 31] = [
    "article:published_time",
    "article:published",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
    "date_published",
    "publish_date",
    "publish-date",
    "publishdate",
    "published_date",
    "published-date",
    "pubdate",
    "publication_date",
    "publicationdate",
    "parsely-pub-date",
    "sailthru.date",
    "article.published",
    "article_date_original",
    "originalpublicationdate",
    "cxenseparse:recs:publishtime",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dc.date.created",
    "published",
    "published_at",
    "pub_date",
    "rnews:datepublished",
    "citation_date",
    "citation_publication_date",
    "citation_online_date",
];

/// Of those that some sites use for the publication and others for something else.
pub const LESS_SURE_METAS: [&str; 8] = [
    "dc.date",
    "dcterms.date",
    "date",
    "dc.date.publication",
    "article:post_date",
    "created",
    "timestamp",
    "displaydate",
];

/// Of those that tell the last change.
pub const MODIFIED_METAS: [&str; 13] = [
    "article:modified_time",
    "og:updated_time",
    "article:modified",
    "datemodified",
    "date_modified",
    "lastmod",
    "last-modified",
    "dcterms.modified",
    "dc.date.modified",
    "modified",
    "updated",
    "article:updated_time",
    "dateupdate",
];
