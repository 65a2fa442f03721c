//! The two tables, pages and seen: entries, claims, expiry and their changelog encoding. Pure.
