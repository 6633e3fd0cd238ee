// Package searchtest is the suite that every search.Index must pass, whatever it is made
// of: a small shop with realistic goods in three languages, its orders, and everything that
// the contract says about them.
package searchtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// Open returns an empty index that uses Synonyms and belongs to the test alone. It makes
// sure that the index is closed when the test ends.
type Open func(t *testing.T) search.Index

// Refresher is an index that shows changes with a delay: after Refresh it shows everything
// that was put before.
type Refresher interface {
	Refresh(ctx context.Context) error
}

// Synonyms is the file of synonyms that the index must use.
const Synonyms = `
# what our customers call things
sofa, couch, settee
television, tv, telly
mobile phone, cell phone, smartphone
fridge => refrigerator
耳机, 头戴式耳机
smartwatch, smart watch
hand torch => flashlight
`

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Run("shop", func(t *testing.T) {
		x := shop(t, open)
		for name, test := range map[string]func(*testing.T, search.Index){
			"documents come back":      documentsComeBack,
			"words":                    wordsAreFound,
			"relevance":                bestComesFirst,
			"some words":               someWordsComeBehind,
			"plain text":               operatorsArePlainText,
			"tolerance":                toleranceIsTheSecondWay,
			"hidden products":          onlyListedProductsAreShown,
			"any status":               anyStatusIsFound,
			"filters":                  filtersHoldTogether,
			"facets":                   facetsIgnoreTheirOwnFilter,
			"sorts":                    sortsAreTotal,
			"sold out":                 soldOutComesLast,
			"pages":                    pagesShowEachOnce,
			"highlights":               highlightsAreSafe,
			"suggestions":              suggestionsComplete,
			"invalid product queries":  invalidProductQueries,
			"invalid order queries":    invalidOrderQueries,
			"foreign cursors":          foreignCursors,
			"orders":                   ordersAreListed,
			"order pages":              orderPages,
			"orders by their change":   ordersByChange,
			"invalid event queries":    invalidEventQueries,
			"revisions":                revisionsAreTold,
			"walk over orders":         walkOverOrders,
			"any text":                 anyTextIsAnswered,
			"a cancelled call":         cancelledCalls,
			"errors without the works": notFound,
		} {
			t.Run(name, func(t *testing.T) { test(t, x) })
		}
	})
	for name, test := range map[string]func(*testing.T, search.Index){
		"empty index":               emptyIndex,
		"versions":                  olderNeverReplacesNewer,
		"order revisions":           higherRevisionReplaces,
		"poison":                    poisonHarmsNobodyElse,
		"any order of versions":     anyOrderEndsTheSame,
		"concurrent puts":           concurrentPuts,
		"relisting":                 delistingHidesUntilRelisted,
		"references of products":    referencesAreFoundWhole,
		"products by their change":  productsByChange,
		"product pages by change":   productPagesMissNoChange,
		"pages while stock moves":   pagesWhileStockMoves,
		"pages while goods come":    pagesWhileGoodsComeAndGo,
		"enough products":           enoughKeepOthersAway,
		"heads of titles":           headsComeFirst,
		"phrases with synonyms":     phrasesFindTheirWords,
		"last words of synonyms":    lastWordsNameTheThing,
		"pages of tolerant search":  tolerantPagesStayTolerant,
		"pages of some words":       somePagesStaySome,
		"order pages while placing": orderPagesWhilePlacing,
		"pages by change":           updatedPagesMissNothing,
		"payment status":            paymentStatusIsTheSummarys,
		"goods of orders":           goodsAreFound,
		"counts of orders":          ordersAreCounted,
		"tags and returns":          tagsAndReturnsAreFound,
		"held orders":               heldOrdersAreFound,
		"many facet values":         facetsShowTheMostFrequent,
		"events":                    eventsAreListed,
		"events once":               eventsAreKeptOnce,
		"event pages":               eventPages,
		"event pages while coming":  eventPagesWhileTheyCome,
		"foreign event cursors":     foreignEventCursors,
		"concurrent events":         concurrentEvents,
		"walk over products":        walkOverProducts,
		"revisions at once":         revisionsAreKnownAtOnce,
		"stale":                     staleUntilRebuilt,
		"rebuild":                   rebuildSwaps,
		"rebuild of orders":         rebuildSwapsOrders,
		"rebuild and changes":       rebuildHasToBeBroughtChanges,
		"rebuild of one view":       rebuildTouchesOneView,
		"rebuild of no view":        rebuildOfNoView,
		"rebuild by revision":       rebuildGoesByRevision,
		"rebuild abandoned":         rebuildAbandoned,
		"rebuild taken over":        laterRebuildTakesOver,
		"rebuild under readers":     rebuildUnderReaders,
		"close":                     closedAnswersNothing,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// shop opens an index with all goods and orders in it.
func shop(t *testing.T, open Open) search.Index {
	t.Helper()
	x := open(t)
	put(t, x, search.Batch{Products: goods(), Orders: orders()})
	return x
}

// put stores the whole batch and makes it visible to searches.
func put(t *testing.T, x search.Index, b search.Batch) {
	t.Helper()
	results, err := x.Put(t.Context(), b)
	require.NoError(t, err)
	require.Len(t, results.Products, len(b.Products))
	require.Len(t, results.Orders, len(b.Orders))
	require.Len(t, results.Events, len(b.Events))
	for _, r := range results.Products {
		require.Equal(t, search.OutcomeStored, r.Outcome, "product %s: %s", r.ID, r.Reason)
	}
	for _, r := range results.Orders {
		require.Equal(t, search.OutcomeStored, r.Outcome, "order %s: %s", r.ID, r.Reason)
	}
	for _, r := range results.Events {
		require.Equal(t, search.OutcomeStored, r.Outcome, "event %s: %s", r.ID, r.Reason)
	}
	refresh(t, x)
}

func refresh(t *testing.T, x search.Index) {
	t.Helper()
	if r, ok := x.(Refresher); ok {
		require.NoError(t, r.Refresh(t.Context()))
	}
}

func find(t *testing.T, x search.Index, q search.ProductQuery) search.ProductPage {
	t.Helper()
	page, err := x.SearchProducts(t.Context(), q)
	require.NoError(t, err, "%+v", q)
	return page
}

func list(t *testing.T, x search.Index, q search.OrderQuery) search.OrderPage {
	t.Helper()
	page, err := x.ListOrders(t.Context(), q)
	require.NoError(t, err, "%+v", q)
	return page
}

func ids(page search.ProductPage) []string {
	out := []string{}
	for _, p := range page.Items {
		out = append(out, p.ID)
	}
	return out
}

func orderIDs(page search.OrderPage) []string {
	out := []string{}
	for _, o := range page.Items {
		out = append(out, o.ID)
	}
	return out
}
