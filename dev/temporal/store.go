package temporal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// openStore makes sure that the store has its schema and its namespace, and
// returns what the server needs to open it.
func openStore(ctx context.Context, opts Options) (*config.SQL, error) {
	store := memoryStore()
	if opts.File != "" {
		var err error
		if store, err = fileStore(ctx, opts.File); err != nil {
			return nil, fmt.Errorf("open Temporal's file %s: %w", opts.File, err)
		}
	}
	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, opts.Namespace, false, opts.SearchAttributes)
	if err != nil {
		return nil, fmt.Errorf("describe namespace %s: %w", opts.Namespace, err)
	}
	namespace.Detail.Config.Retention = durationpb.New(opts.Retention)
	// Leaves a namespace that is there as it is.
	if err := sqliteschema.CreateNamespaces(store, namespace); err != nil {
		return nil, fmt.Errorf("create namespace %s: %w", opts.Namespace, err)
	}
	return store, nil
}

// memoryStore names its database at random: SQLite shares one of the same name
// between all servers in the process.
func memoryStore() *config.SQL {
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      "temporal-" + uuid.NewString(),
		ConnectAttributes: map[string]string{"mode": "memory", "cache": "shared"},
	}
}

// fileStore opens or makes the file. With the write-ahead log and
// synchronous=normal, what was committed is in the operating system's hands:
// a killed process loses nothing, and only a power cut can take the last
// commits. Syncing each commit would cost 34 ms instead of 8.
func fileStore(ctx context.Context, file string) (*config.SQL, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(abs), 0o750); err != nil {
		return nil, err
	}
	// The name becomes part of a URI: a "?" or "%" in it must stay in the path.
	name := (&url.URL{Path: filepath.ToSlash(abs)}).EscapedPath()
	if err := setUpSchema(ctx, "file:"+name); err != nil {
		return nil, err
	}
	return &config.SQL{
		PluginName:        sqlite.PluginName,
		DatabaseName:      name,
		ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "normal"},
	}, nil
}

// setUpSchema makes the tables in one transaction, so that a process killed
// meanwhile leaves all of them or none. The file remembers which schema it has:
// a server with another one refuses it, instead of failing later on a column.
func setUpSchema(ctx context.Context, dsn string) (err error) {
	ddl, version, err := schemaDDL()
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
		return fmt.Errorf("it was made by another version of the Temporal server (schema %d, this server has %d): start with an empty folder", have, version)
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin the schema: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d", ddl, version)); err != nil {
		return fmt.Errorf("create the schema: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit the schema: %w", err)
	}
	return nil
}

// schemaDDL returns the statements of the server's schema and a number that
// changes when they do, never 0.
func schemaDDL() (ddl string, version int32, err error) {
	for _, part := range []string{"temporal", "visibility"} {
		text, err := fs.ReadFile(schema.Assets(), "sqlite/v3/"+part+"/schema.sql")
		if err != nil {
			return "", 0, fmt.Errorf("read the server's schema: %w", err)
		}
		ddl += string(text) + "\n"
	}
	return ddl, int32(crc32.ChecksumIEEE([]byte(ddl))>>2) + 1, nil
}
