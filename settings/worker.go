package settings

import "time"

// Worker are the workers' own settings.
type Worker struct {
	MetricsListener
	KeepOrders time.Duration `name:"keep-orders" env:"HOLDFAST_KEEP_ORDERS" default:"744h" help:"How long closed orders stay in Redis if an index keeps them permanently: at least a day longer than Temporal keeps their workflows (HOLDFAST_RETENTION)."`
	Grace      time.Duration `env:"HOLDFAST_GRACE" default:"20s" help:"How long running activities may take to finish when the worker stops."`
}

// Projector are the settings of a projector that runs apart from the workers.
type Projector struct {
	MetricsListener
	Consumer   string        `env:"HOLDFAST_CONSUMER" placeholder:"NAME" unset:"a generated name" help:"Name of this projector, unique in its consumer group."`
	ClaimAfter time.Duration `name:"claim-after" env:"HOLDFAST_CLAIM_AFTER" default:"30s" help:"How long a projector may keep an entry before another one takes it over."`
}

// Setup are the settings of the command that prepares Temporal and Redis.
type Setup struct {
	Retention time.Duration `env:"HOLDFAST_RETENTION" default:"720h" help:"How long Temporal keeps closed workflows, at least 720h. A repeated Idempotency-Key finds its order for that long."`
}

// Tool says which gateway a command line tool calls, and as whom.
type Tool struct {
	GatewayURL string `name:"url" env:"HOLDFAST_URL" default:"http://127.0.0.1:8080" help:"URL of the gateway."`
	Token      string `env:"HOLDFAST_TOKEN" secret:"" example:"eyJhbGciOi…" help:"Bearer token, if the gateway requires one."`
}
