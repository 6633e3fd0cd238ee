package temporal

import (
	"fmt"
	"time"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	serverlog "go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	tserver "go.temporal.io/server/temporal"

	"holdfast/dev/loopback"
	"holdfast/worker"
)

const (
	historyName = "history"
	listsName   = "visibility"
	clusterName = "active"
)

// servicePorts are the gRPC ports of the server's four services. Only the frontend's is for
// clients.
type servicePorts struct {
	frontend, history, matching, worker int
}

func (p servicePorts) byService() map[primitives.ServiceName]int {
	return map[primitives.ServiceName]int{
		primitives.FrontendService: p.frontend,
		primitives.HistoryService:  p.history,
		primitives.MatchingService: p.matching,
		primitives.WorkerService:   p.worker,
	}
}

// newServer wires the four services of a single-node Temporal cluster.
func newServer(s stores, ports servicePorts, logLevel string) (tserver.Server, error) {
	cfg := serverConfig(s, ports)
	logger := serverlog.NewZapLogger(serverlog.BuildZapLogger(serverlog.Config{Level: logLevel}))
	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("make Temporal's authorizer: %w", err)
	}
	claims, err := authorization.GetClaimMapperFromConfig(&cfg.Global.Authorization, logger)
	if err != nil {
		return nil, fmt.Errorf("make Temporal's claim mapper: %w", err)
	}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for service, port := range ports.byService() {
		hosts[service] = static.SingleLocalHost(loopback.Address(port))
	}
	server, err := tserver.NewServer(
		tserver.WithConfig(cfg),
		tserver.ForServices(tserver.DefaultServices),
		tserver.WithStaticHosts(hosts),
		tserver.WithLogger(logger),
		tserver.WithAuthorizer(authorizer),
		tserver.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		tserver.WithDynamicConfigClient(dynamicSettings()),
	)
	if err != nil {
		return nil, fmt.Errorf("wire the Temporal server: %w", err)
	}
	return server, nil
}

func serverConfig(s stores, ports servicePorts) *config.Config {
	frontend := loopback.Address(ports.frontend)
	cfg := &config.Config{
		Persistence: config.Persistence{
			DefaultStore:     historyName,
			VisibilityStore:  listsName,
			NumHistoryShards: 1, // SQLite has one writer: more shards would only queue for it
			DataStores:       map[string]config.DataStore{historyName: {SQL: s.history}, listsName: {SQL: s.lists}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            map[string]config.Service{},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: frontend},
	}
	cfg.Global.Membership = config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback.Host}
	for service, port := range ports.byService() {
		cfg.Services[string(service)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback.Host}}
	}
	return cfg
}

// sayHowFar is how often a queue deletes its finished tasks.
const sayHowFar = time.Second

// dynamicSettings tune the server for one small process. With the default values each hop
// between its queues waits up to 45 ms for the next poll, and four partitions per task
// queue make a single worker miss tasks.
func dynamicSettings() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// Caches that are full soon, so that memory doesn't grow with the orders.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():     2048,     // workflows
		dynamicconfig.EventsHostLevelCacheMaxSizeBytes.Key(): 32 << 20, // bytes
		// The SDK's cache belongs to the whole process, and gets its size from whichever
		// worker starts first, which is the server's.
		dynamicconfig.WorkerStickyCacheSize.Key(): worker.CachedOrders,
		// A workflow that can't continue is marked early, so that its developer sees it
		// soon.
		dynamicconfig.NumConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute.Key(): 2,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():                         1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():                        1,
		dynamicconfig.TransferProcessorMaxPollRPS.Key():                                2000, // polls per second
		dynamicconfig.TimerProcessorMaxPollRPS.Key():                                   2000,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key():                              2000,
		// Each queue keeps its finished tasks until it records its position, and goes
		// through all of them when new ones arrive: with Temporal's 30 s there are
		// thousands.
		dynamicconfig.TransferProcessorUpdateAckInterval.Key():   sayHowFar,
		dynamicconfig.TimerProcessorUpdateAckInterval.Key():      sayHowFar,
		dynamicconfig.VisibilityProcessorUpdateAckInterval.Key(): sayHowFar,
		// It doesn't split and merge its ranges by namespace either: there is only one.
		dynamicconfig.QueueShrinkPredicateMaxPendingKeys.Key(): 0,
		dynamicconfig.QueueMoveGroupTaskCountBase.Key():        0,
	}
}
