package settings

import "time"

// Gateway are the gateway's settings that the embedded stack doesn't have.
type Gateway struct {
	MetricsListener
	TLSCert        string        `name:"tls-cert" env:"HOLDFAST_TLS_CERT" placeholder:"FILE" unset:"none: plain HTTP" help:"PEM file of the listener's certificate."`
	TLSKey         string        `name:"tls-key" env:"HOLDFAST_TLS_KEY" placeholder:"FILE" help:"File of the certificate's key."`
	ShopURL        string        `name:"shop-url" env:"HOLDFAST_SHOP_URL" placeholder:"URL" unset:"none" help:"Where buyers reach the shop's pages (holdfast web). The sandbox's pay page then leads back to the order."`
	CallerLimit    *int          `name:"rate-limit" env:"HOLDFAST_RATE_LIMIT" placeholder:"N" unset:"50, or no limit with authentication off" help:"What each caller may use per second; most calls use 1, see x-cost in openapi.yaml. 0: no limit."`
	AddressLimit   *int          `name:"rate-limit-address" env:"HOLDFAST_RATE_LIMIT_ADDRESS" placeholder:"N" unset:"200, or no limit with authentication off" help:"What each address may use per second, counted like HOLDFAST_RATE_LIMIT. 0: no limit. Callbacks are counted separately, up to ten times as many."`
	PaymentLimit   *int          `name:"rate-limit-payments" env:"HOLDFAST_RATE_LIMIT_PAYMENTS" placeholder:"N" unset:"30, or no limit with authentication off" help:"Calls per minute of each customer that open payments, for which a provider may be asked. 0: no limit. One order may use a third of them, all customers of one network four times as many."`
	GuestLimit     *int          `name:"rate-limit-guests" env:"HOLDFAST_RATE_LIMIT_GUESTS" placeholder:"N" unset:"30, or no limit with authentication off" help:"How many guests of each network may get a token per minute, counted by each gateway. 0: no limit."`
	CouponLimit    *int          `name:"rate-limit-coupons" env:"HOLDFAST_RATE_LIMIT_COUPONS" placeholder:"N" unset:"20, or no limit with authentication off" help:"Codes of coupons that don't exist which each customer may try per minute. 0: no limit. All customers of one network may try four times as many."`
	BodyBytes      int64         `env:"HOLDFAST_BODY_BYTES" default:"67108864" help:"Memory for the bodies of all requests in flight, in bytes, at least ${min_body_bytes}. One caller may use an eighth of it, all callers of one network a quarter, all callers three quarters; the rest is for callbacks and providers' pages."`
	TrustedProxies []string      `name:"trusted-proxies" env:"HOLDFAST_TRUSTED_PROXIES" help:"Addresses or networks of proxies whose X-Forwarded-For is trusted, separated by commas."`
	Origins        []string      `name:"cors-origins" env:"HOLDFAST_CORS_ORIGINS" help:"Origins of other sites whose pages may call the API, such as https://shop.example, separated by commas."`
	MaxLines       *int          `env:"HOLDFAST_MAX_LINES" placeholder:"N" unset:"500, or ${most_lines} with authentication off" help:"Lines that an order may have, at most ${most_lines}."`
	MaxSearches    int           `env:"HOLDFAST_MAX_SEARCHES" default:"${max_searches}" help:"Searches and lists served at the same time, at most ${most_searches}. Further ones wait briefly and then get 503."`
	DrainDelay     time.Duration `env:"HOLDFAST_DRAIN_DELAY" default:"0s" help:"How long a stopping gateway still accepts calls after /readyz starts to fail, so that load balancers notice."`
}
