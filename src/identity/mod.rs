//! Names of articles: URL normalization, the site, short links, canonical URLs and the ladder (DESIGN §2). Pure.
