package settings

// SandboxCarrier turns on the carrier that carries nothing.
type SandboxCarrier struct {
	CarrierSecret string `name:"carrier-secret" env:"HOLDFAST_CARRIER_SECRET" secret:"" example:"whsec_YSBwYXJjZWwgb2YgZG9ja2VyIGNvbXBvc2U=" unset:"none (holdfast-dev uses the published one)" help:"Secret that signs the callbacks of the sandbox carrier: whsec_ followed by 24 to 64 bytes in base64. It turns on that carrier and its page, on which anyone can move a parcel along: for demonstrations and tests, never beside a live Stripe key."`
}

// Carriers turn on the callbacks of carriers, and of services that track their parcels.
type Carriers struct {
	SandboxCarrier
	EasyPostSecret string `name:"easypost-webhook-secret" env:"EASYPOST_WEBHOOK_SECRET" secret:"" example:"a-secret-of-the-webhook-at-easypost" help:"Secret of the webhook at EasyPost, at least 16 bytes. It turns on EasyPost's callbacks."`
}
