// Package docs holds the documents that the gateway serves.
package docs

import _ "embed"

// APIPolicy says what may change within a version of the API, and how it is announced.
//
//go:embed api-policy.md
var APIPolicy []byte
