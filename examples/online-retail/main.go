// Command online-retail converts the UCI Online Retail data set, a year of real invoices of
// a British gift shop, to products.jsonl and orders.jsonl, which `holdfast import` and
// `holdfast replay` read. README.md describes its source, its licence, and how irregular
// data is handled.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		_, _ = fmt.Fprintln(os.Stderr, "online-retail:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("online-retail FILE.csv[.gz]", flag.ContinueOnError)
	dir := flags.String("out", ".", "folder that products.jsonl and orders.jsonl are written to")
	share := flags.Float64("stock-share", 0.8, "stock of each product, as a share of the year's demand")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("name one file: online_retail.csv or online_retail.csv.gz")
	}
	if *share < 0 {
		return errors.New("--stock-share must not be below 0")
	}
	file, err := os.Open(flags.Arg(0))
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was read only
	var in io.Reader = bufio.NewReader(file)
	if strings.HasSuffix(flags.Arg(0), ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return fmt.Errorf("unpack %s: %w", flags.Arg(0), err)
		}
	}
	shop, err := read(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", flags.Arg(0), err)
	}
	products, orders := shop.products(*share), shop.orders()
	if err := errors.Join(
		writeLines(filepath.Join(*dir, "products.jsonl"), products),
		writeLines(filepath.Join(*dir, "orders.jsonl"), orders),
	); err != nil {
		return err
	}
	shop.print(out, len(products), orders)
	return nil
}

func writeLines[T any](name string, values []T) (err error) {
	f, err := os.Create(name) //nolint:gosec // the user named the folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
