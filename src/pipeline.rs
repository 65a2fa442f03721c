//! THE WAY OF ONE URL: route, fetch, publish; each a function from what it takes to what it gives, or to where it stops.
