// Prints what Spark registers as schemas/spark-properties.tsv: name, type, release, successor. For maintainers:
//
//     java -cp 'FOLDER/jars/*' tools/SparkProperties.java FOLDER/jars > schemas/spark-properties.tsv
//
// FOLDER is an unpacked Spark, for example `deps` of PyPI's pyspark. A property's type is found by what its own
// converter takes.

import java.io.File;
import java.lang.reflect.Field;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class SparkProperties {
    private static final String[] SAMPLES = {"true", "7", "7.5", "7g", "7s", "x y", "-7"};
    private static final Map<String, String> TYPES = Map.of(
        "1000000", "bool", "0100001", "long", "0100000", "long", "0100101", "time", "0100100", "time",
        "0101000", "bytes", "0101001", "size", "0110001", "double", "0110000", "double");
    private static final Pattern NAME = Pattern.compile("spark\\.\\w+(\\.\\w+)*");

    private static final Map<String, String> rows = new TreeMap<>();

    public static void main(String[] arguments) throws Exception {
        load(new File(arguments[0]));
        registered();
        outdated("org.apache.spark.SparkConf$", "deprecatedConfigs");
        outdated("org.apache.spark.sql.internal.SQLConf$", "deprecatedSQLConfigs");
        outdated("org.apache.spark.sql.internal.SQLConf$", "removedSQLConfigs");
        rows.forEach((name, row) -> System.out.println(name + "\t" + row));
    }

    /** Loads whatever registers properties when it is loaded. */
    private static void load(File jars) throws Exception {
        for (File jar : jars.listFiles((folder, name) -> name.startsWith("spark-"))) {
            for (JarEntry entry : Collections.list(new JarFile(jar).entries())) {
                String name = entry.getName();
                boolean holds = name.contains("/config/") || name.matches(".*(Conf|Config|HiveUtils|package|Utils)\\$\\.class");
                if (name.startsWith("org/apache/spark/") && name.endsWith("$.class") && holds) {
                    try {
                        Class.forName(name.replace('/', '.').substring(0, name.length() - ".class".length()));
                    } catch (Throwable wantsMore) {
                        System.err.println(name + ": " + wantsMore);
                    }
                }
            }
        }
    }

    private static void registered() throws Exception {
        Object registry = singleton("org.apache.spark.internal.config.ConfigEntry$");
        for (Object entry : (Collection<?>) call(registry, "listAllEntries")) {
            String name = (String) call(entry, "key");
            String type = type(call(entry, "valueConverter"));
            String since = (String) call(entry, "version");
            if (name.startsWith("spark.") && !name.startsWith("spark.test")) {
                rows.put(name, type + "\t" + (since.isEmpty() ? "-" : since));
                for (String other : names(call(entry, "alternatives").toString())) {
                    rows.putIfAbsent(other, type + "\t-");
                }
            }
        }
    }

    /** Properties of which Spark itself says that they are out of date, and what it says to use. */
    private static void outdated(String owner, String field) throws Exception {
        Object holder = singleton(owner);
        Field map = holder.getClass().getDeclaredField(field);
        map.setAccessible(true);
        var entries = ((scala.collection.immutable.Map<?, ?>) map.get(holder)).iterator();
        while (entries.hasNext()) {
            var entry = (scala.Tuple2<?, ?>) entries.next();
            var said = ((scala.Product) entry._2()).productIterator().toList();
            String since = said.apply(1).toString(), advice = said.last().toString();
            Collection<String> successors = advice.contains("*") ? Collections.emptyList() : names(advice);
            successors.remove(entry._1());
            String full = since.chars().filter(each -> each == '.').count() == 1 ? since + ".0" : since;
            String successor = successors.isEmpty() ? "" : "\t" + successors.iterator().next();
            rows.put((String) entry._1(), "gone\t" + full + successor);
        }
    }

    private static String type(Object converter) {
        StringBuilder taken = new StringBuilder();
        for (String sample : SAMPLES) {
            try {
                ((scala.Function1<Object, Object>) converter).apply(sample);
                taken.append('1');
            } catch (Throwable refused) {
                taken.append('0');
            }
        }
        return TYPES.getOrDefault(taken.toString(), "string");
    }

    private static Collection<String> names(String text) {
        Collection<String> found = new java.util.ArrayList<>();
        for (Matcher match = NAME.matcher(text); match.find(); ) {
            found.add(match.group());
        }
        return found;
    }

    private static Object singleton(String name) throws Exception {
        return Class.forName(name).getField("MODULE$").get(null);
    }

    private static Object call(Object owner, String method) throws Exception {
        return owner.getClass().getMethod(method).invoke(owner);
    }
}
