"""Turns the MNIST archive into CSV files for the k-means algorithm of SageMaker.

The archive holds three sets (train, valid, test), each a pair of images and labels. K-means learns without labels, so each
row is one image: 784 grey values from 0 to 1. Give the files to the algorithm as `text/csv;label_size=0`.

Needs Python 3.6 or later and NumPy.
"""

import gzip
import os
import pickle
import sys

import numpy

ROOT = os.environ.get("PROCESSING_ROOT", "/opt/ml/processing")
ARCHIVE = os.path.join(ROOT, "input", "mnist.pkl.gz")
SETS = ("train", "valid", "test")


def read_archive(path):
    """Returns the images of each set by its name. Unpickle only archives that you trust: they can run code."""
    with gzip.open(path, "rb") as archive:
        # Written by Python 2, whose strings pickle reads as latin1.
        pairs = pickle.load(archive, encoding="latin1")
    return {name: numpy.asarray(images, dtype="float32") for name, (images, _labels) in zip(SETS, pairs)}


def write_csv(name, images):
    folder = os.path.join(ROOT, "output_" + name)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name + "_data.csv")
    numpy.savetxt(path, images, delimiter=",", fmt="%g")
    print("Wrote {}: {} images of {} pixels".format(path, *images.shape))


def main():
    if not os.path.exists(ARCHIVE):
        sys.exit("Cannot read '{}': is the input mnist_tar there?".format(ARCHIVE))
    for name, images in read_archive(ARCHIVE).items():
        write_csv(name, images)


if __name__ == "__main__":
    main()
