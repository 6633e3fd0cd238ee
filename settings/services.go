package settings

// RedisAddress names the Redis that holds stock and orders.
type RedisAddress struct {
	RedisURL string `name:"redis-url" env:"REDIS_URL" password:"" example:"redis://:password@127.0.0.1:6379/0" default:"${redis_url=redis://127.0.0.1:6379/0}" placeholder:"URL" help:"URL of Redis; rediss:// for TLS. Several URLs separated by commas, or ?cluster=true, mean a cluster. Without one, holdfast-dev runs its own."`
}

// Redis is a Redis with its TLS files.
type Redis struct {
	RedisAddress
	RedisCA   string `name:"redis-ca-file" env:"REDIS_CA_FILE" placeholder:"FILE" unset:"the machine's own authorities" help:"PEM file of the certificate authorities, one of which must have signed Redis's certificate."`
	RedisCert string `name:"redis-cert-file" env:"REDIS_CERT_FILE" placeholder:"FILE" help:"File of the client certificate to present to Redis."`
	RedisKey  string `name:"redis-key-file" env:"REDIS_KEY_FILE" placeholder:"FILE" help:"File of that certificate's key."`
}

// Durability says what to do about a Redis that may lose acknowledged writes.
type Durability struct {
	RedisDurability string `name:"redis-durability" env:"HOLDFAST_REDIS_DURABILITY" enum:"require,warn" default:"require" help:"What to do if Redis may lose writes that it acknowledged (no append-only file, appendfsync other than always, keys evicted): require refuses to start, warn logs a warning."`
}

// IndexAddress names the index that answers searches and lists.
type IndexAddress struct {
	ElasticsearchURL string `name:"elasticsearch-url" env:"ELASTICSEARCH_URL" password:"" example:"https://elastic:password@elasticsearch.example:9200" placeholder:"URL" help:"URL of Elasticsearch; several nodes separated by commas. Without one, searches and lists return 503 while orders keep working, and closed orders stay in Redis; holdfast-dev has its own index. It must be the same for gateway, workers and setup."`
}

// SearchWords tune searches.
type SearchWords struct {
	Synonyms string `env:"HOLDFAST_SYNONYMS" placeholder:"FILE" help:"File of words that mean the same in a search, one rule per line: sofa, couch, settee."`
}

// Index is the index with its TLS file.
type Index struct {
	IndexAddress
	ElasticsearchCA string `name:"elasticsearch-ca-file" env:"ELASTICSEARCH_CA_FILE" placeholder:"FILE" unset:"the machine's own authorities" help:"PEM file of the certificate authorities, one of which must have signed Elasticsearch's certificate."`
	SearchWords
}
