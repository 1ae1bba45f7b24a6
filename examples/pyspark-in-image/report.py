"""Adds up the sales of a day."""

import sys

from pyspark.sql import SparkSession

source, target = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
sales = spark.read.parquet(source)
sales.groupBy("shop").sum("amount").write.mode("overwrite").parquet(target)
