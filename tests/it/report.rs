//! Formats of results: golden texts, and promises that hold for any results.

mod fixture;
mod gallery;
mod svg;
mod text;
