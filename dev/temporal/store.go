package temporal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// stores are the server's databases: its histories and queues, and the lists of workflows
// by their attributes. The server writes through one connection per SQLite database; with
// one for both, every order would wait until the lists' full-text tables have stored the
// previous one.
type stores struct {
	history, lists *config.SQL
	// busy are workflows with activities, if the file had been used before.
	busy []*commonpb.WorkflowExecution
}

// openStores creates missing schemas and namespaces in the stores, and returns what the
// server needs to open them.
func openStores(ctx context.Context, opts Options) (stores, error) {
	s := stores{history: memoryStore("temporal"), lists: memoryStore("visibility")}
	if opts.File != "" {
		var err error
		if s.history, err = fileStore(ctx, opts.File, "temporal"); err != nil {
			return s, fmt.Errorf("open Temporal's file %s: %w", opts.File, err)
		}
		if s.busy, err = giveUpOrphans(ctx, "file:"+s.history.DatabaseName, time.Now()); err != nil {
			return s, fmt.Errorf("give up what a dead process had in Temporal's file %s: %w", opts.File, err)
		}
		lists := strings.TrimSuffix(opts.File, filepath.Ext(opts.File)) + "-visibility" + filepath.Ext(opts.File)
		if s.lists, err = fileStore(ctx, lists, "visibility"); err != nil {
			return s, fmt.Errorf("open Temporal's file %s: %w", lists, err)
		}
	}
	s.lists.PluginName = listsPlugin
	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, opts.Namespace, false, opts.SearchAttributes)
	if err != nil {
		return s, fmt.Errorf("describe namespace %s: %w", opts.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(opts.Retention)
	namespace.Detail.Config.CustomSearchAttributeAliases = aliases(opts.SearchAttributes)
	// Leaves an existing namespace unchanged.
	if err := sqliteschema.CreateNamespaces(s.history, namespace); err != nil {
		return s, fmt.Errorf("create namespace %s: %w", opts.Namespace, err)
	}
	return s, nil
}

// memoryStore gives its database a random name: SQLite shares databases of the same name
// between all servers in the process.
func memoryStore(name string) *config.SQL {
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      name + "-" + uuid.NewString(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

const (
	// pageCache is SQLite's own cache, in KiB as SQLite writes it: keys are random, and
	// with its default of 2 MB each transaction reads more from the file the more orders
	// there are.
	pageCache = "-32768"
	// logPages is the size of the write-ahead log, 16 MB, at which it is copied into the
	// file with two syncs: at 80 orders a second SQLite's default of 4 MB fills up in half
	// a second. A start after a kill reads all of it, within tenths of a second.
	logPages = "4000"
)

// fileStore opens or creates the file. With the write-ahead log and synchronous=normal,
// committed data is in the operating system's hands: a killed process loses nothing, and
// only a power cut can take the last commits. Syncing each commit would cost 34 ms instead
// of 8.
func fileStore(ctx context.Context, file, schema string) (*config.SQL, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o750); err != nil {
		return nil, err
	}
	// The name becomes part of a URI: a "?" or "%" in it must stay in the path.
	name := (&url.URL{Path: filepath.ToSlash(abs)}).EscapedPath()
	if err := setUpSchema(ctx, "file:"+name, schema); err != nil {
		return nil, err
	}
	return &config.SQL{
		PluginName:   sqlite.PluginName,
		DatabaseName: name,
		ConnectAttributes: map[string]string{
			"mode": "rwc", "journal_mode": "wal", "synchronous": "normal",
			"cache_size": pageCache, "wal_autocheckpoint": logPages,
		},
	}, nil
}

// setUpSchema creates the tables in one transaction, so that a process killed meanwhile
// leaves all of them or none. The file stores the version of its schema: a server with
// another one refuses it, instead of failing later on a column.
func setUpSchema(ctx context.Context, dsn, name string) (err error) {
	ddl, version, err := schemaDDL(name)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	var have int32
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	switch have {
	case version:
		return nil
	case 0:
	default:
		return fmt.Errorf("it was created by another version of the Temporal server (schema %d, this server has %d): start with an empty folder", have, version)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("start creating the schema: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; %s; PRAGMA user_version = %d", ddl, dropIndexes(), version)); err != nil {
		return fmt.Errorf("create the schema: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit the schema: %w", err)
	}
	return nil
}

// schemaDDL returns the statements of one of the server's schemas and a number that changes
// when they do, never 0.
func schemaDDL(name string) (ddl string, version int32, err error) {
	text, err := fs.ReadFile(schema.Assets(), "sqlite/v3/"+name+"/schema.sql")
	if err != nil {
		return "", 0, fmt.Errorf("read the server's schema: %w", err)
	}
	return string(text), int32(crc32.ChecksumIEEE(text)>>2) + 1, nil
}

// aliases gives each search attribute a column of its type, in the order of their names, so
// that those with an index always get the same columns. The server itself would choose any.
func aliases(attributes map[string]enums.IndexedValueType) map[string]string {
	columns, used := make(map[string]string, len(attributes)), map[enums.IndexedValueType]int{}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		kind := attributes[name]
		used[kind]++
		columns[fmt.Sprintf("%s%02d", kind, used[kind])] = name
	}
	return columns
}

// spareIndexes are those of attributes that no order has and no page of the web UI lists
// by. All of them contain the time at which a workflow closed, so each would be written
// twice for every workflow: a third of the work of an order.
var spareIndexes = []string{
	"history_length", "history_size_bytes", "execution_duration", "state_transition_count", "task_queue",
	"parent_run_id", "root_run_id", "batcher_user", "temporal_pause_info", "temporal_worker_deployment_version",
	"temporal_workflow_versioning_behavior", "temporal_worker_deployment", "bool_01", "bool_02", "bool_03",
	"datetime_01", "datetime_02", "datetime_03", "double_01", "double_02", "double_03", "int_01", "int_02", "int_03",
	"keyword_04", "keyword_05", "keyword_06", "keyword_07", "keyword_08", "keyword_09", "keyword_10",
	"temporal_bool_01", "temporal_bool_02", "temporal_datetime_01", "temporal_datetime_02", "temporal_double_01",
	"temporal_double_02", "temporal_int_01", "temporal_int_02", "temporal_keyword_01", "temporal_keyword_02",
	"temporal_keyword_03", "temporal_keyword_04", "temporal_low_cardinality_keyword_01",
}

// dropIndexes is the statement that drops the spare ones; if there are none it does
// nothing.
func dropIndexes() string {
	var b strings.Builder
	for _, name := range spareIndexes {
		b.WriteString("DROP INDEX IF EXISTS by_" + name + ";")
	}
	return b.String()
}

// trim drops the spare indexes of a store in memory, whose schema the server creates when
// it starts.
func trim(ctx context.Context, store *config.SQL) (err error) {
	if store.ConnectAttributes["mode"] != "memory" {
		return nil
	}
	db, err := sql.Open("sqlite", "file:"+store.DatabaseName+"?mode=memory&cache=shared&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, dropIndexes())
	return err
}
