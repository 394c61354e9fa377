from ricarica.kernel.histogram import Histogram


def test_a_value_counts_up_to_the_first_bound_that_it_does_not_exceed() -> None:
    histogram = Histogram((1, 5))

    for value in (0.5, 1, 1.01, 5, 5.01):
        histogram.observe(value)

    assert histogram.counts == [2, 2, 1]
    assert histogram.total == 12.52
