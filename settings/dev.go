package settings

// Dev are the settings of holdfast-dev, which runs everything in one process. Those that it
// shares with the programs above have defaults that need no other service.
type Dev struct {
	Shop    `set:"limits=unlimited"`
	Callers `set:"auth=off"`
	Guests
	SandboxPayments `set:"sandbox=true"`
	SandboxCarrier
	Webhooks     `set:"webhooks_allow=127.0.0.0/8,::1/128"`
	RedisAddress `set:"redis_url="`
	Durability
	IndexAddress
	SearchWords

	Data         string `help:"Folder to keep all data in; without it, data is in memory. Needs redis-server." env:"HOLDFAST_DATA" type:"path" placeholder:"DIR"`
	TemporalPort int    `help:"Port of the embedded Temporal server; 0 takes a free one." env:"HOLDFAST_TEMPORAL_PORT" default:"7233"`
	UIPort       int    `name:"ui-port" help:"Port of Temporal's web UI; 0 takes a free one." env:"HOLDFAST_UI_PORT" default:"8233"`
	RedisPort    int    `help:"Port of the embedded Redis; 0 takes a free one." env:"HOLDFAST_REDIS_PORT" default:"6380"`
	Demo         string `help:"Demo products to start with: en, zh or off." unset:"en, or off if REDIS_URL is set, since it may be someone's shop" env:"HOLDFAST_DEMO" placeholder:"NAME"`

	TemporalAddress string `help:"A Temporal server to use instead of the embedded one; TLS and API key come from Temporal's own environment." env:"TEMPORAL_ADDRESS" placeholder:"HOST:PORT"`
	Namespace       string `name:"temporal-namespace" help:"Namespace on Temporal." env:"TEMPORAL_NAMESPACE" default:"default"`
}
