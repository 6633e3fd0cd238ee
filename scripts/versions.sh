# Versions of the tools that check Holdfast, in one place. Sourced by the other scripts.
# Each tool builds with the Go version in go.mod, without a newer toolchain.
GOLANGCI_LINT_VERSION=v2.15.0
WORKFLOWCHECK_VERSION=v0.6.0
GOVULNCHECK_VERSION=v1.8.0
# The server that checks requests against Stripe's OpenAPI document.
STRIPE_MOCK_VERSION=v0.203.0
