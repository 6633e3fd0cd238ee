// Package openapi holds the REST API's contract, openapi.yaml, and the types and the router
// that are generated from it. All hand-written code of the gateway is in package api.
package openapi

import _ "embed"

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml openapi.yaml

//go:embed openapi.yaml
var contract []byte

// Contract returns openapi.yaml as the gateway serves it.
func Contract() []byte { return contract }
