package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"holdfast/product"
	"holdfast/search"
)

// depth is how many places count; best is the highest rating.
const (
	depth = 10
	// found is how many results are requested: those beyond depth show how much a better
	// order could gain.
	found = 100
	best  = 3.0
)

// judged is people's ratings of how well products match queries.
type judged struct {
	products []search.Product
	queries  []string
	ratings  map[string]map[string]float64 // by query and product
}

func read(folder string) (judged, error) {
	j := judged{ratings: map[string]map[string]float64{}}
	if folder == "" {
		return j, errors.New("set -data or RELEVANCE_DATA to the folder of the judged data")
	}
	if err := j.readProducts(filepath.Join(folder, "judged_products.jsonl")); err != nil {
		return j, err
	}
	return j, j.readQueries(filepath.Join(folder, "judged_queries.csv"))
}

func (j *judged) readProducts(path string) error {
	file, err := os.Open(path) //nolint:gosec // the user names the folder
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var p struct{ ID, Name, Description string }
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		j.products = append(j.products, search.Product{
			ID: p.ID, Version: 1, Status: product.StatusListed, Title: p.Name, Description: p.Description, Currency: "EUR", Available: 1,
		})
	}
	return lines.Err()
}

func (j *judged) readQueries(path string) error {
	file, err := os.Open(path) //nolint:gosec // the user names the folder
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, row := range rows[1:] { // query, product_id, rating
		rating, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if j.ratings[row[0]] == nil {
			j.ratings[row[0]] = map[string]float64{}
			j.queries = append(j.queries, row[0])
		}
		j.ratings[row[0]][row[1]] = rating
	}
	return nil
}

// answerable counts the queries that some product matches at all.
func (j *judged) answerable() int {
	n := 0
	for _, q := range j.queries {
		if j.ideal(q) > 0 {
			n++
		}
	}
	return n
}

// gain adds up ratings, each counting less the further down it is.
func gain(ratings []float64) float64 {
	sum := 0.0
	for i, r := range ratings[:min(depth, len(ratings))] {
		sum += r / best / math.Log2(float64(i+2))
	}
	return sum
}

// ideal is the gain of the best order of everything that was judged for a query.
func (j *judged) ideal(q string) float64 {
	var all []float64
	for _, r := range j.ratings[q] {
		all = append(all, r)
	}
	slices.Sort(all)
	slices.Reverse(all)
	return gain(all)
}

// ndcg is 1 for the ideal order. A product without a rating counts as no match.
func (j *judged) ndcg(q string, ids []string) float64 {
	ideal := j.ideal(q)
	if ideal == 0 {
		return 0
	}
	ratings := make([]float64, len(ids))
	for i, id := range ids {
		ratings[i] = j.ratings[q][id]
	}
	return gain(ratings) / ideal
}

// ceiling is the nDCG of the best order of everything that was found.
func (j *judged) ceiling(q string, ids []string) float64 {
	sorted := slices.Clone(ids)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(j.ratings[q][b], j.ratings[q][a]) })
	return j.ndcg(q, sorted)
}

// report runs all queries and prints a row.
func (j *judged) report(name string, ask func(q string) ([]string, error), verbose bool) error {
	sum, most := 0.0, 0.0
	var empty, missed []string
	for _, q := range j.queries {
		ids, err := ask(q)
		if err != nil {
			return fmt.Errorf("%s: %q: %w", name, q, err)
		}
		if len(ids) == 0 {
			empty = append(empty, q)
			if j.ideal(q) > 0 {
				missed = append(missed, q)
			}
		}
		one := j.ndcg(q, ids)
		sum += one
		most += j.ceiling(q, ids)
		if verbose {
			fmt.Printf("    %.3f %2d found, ideal %.2f  %s\n", one, len(ids), j.ideal(q), q)
		}
	}
	all, answerable := float64(len(j.queries)), float64(j.answerable())
	fmt.Printf("| %s | %.3f | %.3f | %.3f | %d | %d |\n", name, sum/all, sum/answerable, most/answerable, len(empty), len(missed))
	if verbose {
		fmt.Printf("    nothing found: %q, of the answerable ones %q\n", empty, missed)
	}
	return nil
}
