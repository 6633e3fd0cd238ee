// Package console is the operator's side of the pages, below /console: what waits for a person, and the
// orders, products, prices and webhooks with all that may be done to them. It calls the REST API with the
// operator's own token, so it can do nothing that they couldn't do by themselves.
//
// A page offers an action only where the order or product allows it, and otherwise says why not (may.go).
// Forms carry an idempotency key that was made with the page: sent twice, they act once. The API's refusal
// of a form is shown beside the form, with what was typed into it.
package console
