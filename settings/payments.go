package settings

// SandboxSecret signs the callbacks of the sandbox.
type SandboxSecret struct {
	WebhookSecret string `name:"webhook-secret" env:"HOLDFAST_WEBHOOK_SECRET" secret:"" example:"whsec_YW5vdGhlciBvbmUgb2YgZG9ja2VyIGNvbXBvc2U=" default:"${webhook_secret=}" unset:"none (holdfast-dev uses the published one)" help:"Secret that signs the callbacks of the sandbox payment provider: whsec_ followed by 24 to 64 bytes in base64."`
}

// SandboxPayments turns on the payment provider that moves no money.
type SandboxPayments struct {
	SandboxSecret
	Sandbox      bool    `env:"HOLDFAST_SANDBOX" default:"${sandbox=false}" negatable:"" help:"Take payments through the sandbox, which moves no money: for demonstrations and tests, never beside a live Stripe key."`
	SandboxFails float64 `name:"sandbox-fails" env:"HOLDFAST_SANDBOX_FAILS" default:"0" help:"Share of calls to the sandbox that fail, 0 to 1, to see how orders cope."`
}

// Stripe turns on the payment provider Stripe.
type Stripe struct {
	StripeKey           string `name:"stripe-api-key" env:"STRIPE_API_KEY" secret:"" example:"sk_test_1" help:"Stripe's secret key sk_…, or a restricted key rk_…. Together with STRIPE_WEBHOOK_SECRET it turns on payments through Stripe."`
	StripeWebhookSecret string `name:"stripe-webhook-secret" env:"STRIPE_WEBHOOK_SECRET" secret:"" example:"whsec_of-the-webhook-endpoint-at-stripe" help:"Signing secret of the webhook endpoint at Stripe, whsec_…."`
	StripeMethods       string `name:"stripe-payment-methods" env:"STRIPE_PAYMENT_METHODS" default:"card" help:"Payment methods that buyers may use, by Stripe's names, separated by commas; dashboard offers those that are enabled in Stripe's Dashboard. Bank debits and vouchers hold an order's stock for days."`
	StripeBase          string `name:"stripe-api-base" env:"STRIPE_API_BASE" placeholder:"URL" unset:"Stripe's own" help:"Address of Stripe's API, for tests against another server."`
}

// Providers are the payment providers. Gateway and workers need the same.
type Providers struct {
	Stripe
	DefaultProvider string `name:"payment-provider" env:"HOLDFAST_PAYMENT_PROVIDER" placeholder:"NAME" unset:"stripe if it is set up, otherwise sandbox" help:"Payment provider for buyers who choose none."`
	SandboxPayments
}

// Webhooks say where webhooks may go. Gateway and workers need the same.
type Webhooks struct {
	WebhooksAllow string `name:"webhooks-allow" env:"HOLDFAST_WEBHOOKS_ALLOW" default:"${webhooks_allow=}" placeholder:"NETWORKS" help:"Networks that webhooks may reach although they are not public, such as 10.1.0.0/16, separated by commas; private means all private networks and loopback. Without TLS, webhooks can reach only these networks."`
}
