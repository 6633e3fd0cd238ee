// Package site is what the storefront and the console are built on: one visit to a page, with its
// caller, its language and its cookies, and the answers to what can go wrong. It knows no page of either.
//
// A page is a function of a [Visit] that renders a templ component inside [Document]. It calls the REST
// API through [Visit.Client], which forwards the caller's own token, and returns the API's errors as
// they are: [Site.Handle] turns them into pages that say what to do.
package site
